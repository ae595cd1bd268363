// The calls of a task as curation needs them: what the incumbent and persons answered, and the labels.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "flywheel/task.h"
#include "store/store.h"

namespace understudy {

struct TaskCalls {
  std::vector<Call> calls;  // oldest first; never of origin local (P2)
  // By call: the label of the last feedback that can be an answer of the task: a label that the incumbent gives too, or a
  // JSON object. Verdicts ("good") are none.
  std::map<std::string, std::string> labels;
  size_t labels_ignored = 0;
};

// Calls of the task's project and model; curate() leaves out those of other tasks.
Result<TaskCalls> calls_of_task(const Store& store, const Task& task);

}  // namespace understudy
