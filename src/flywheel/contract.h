// Matching a live call to a contract: microseconds once the request is read, part by part, and the first part that
// differs is named, so that refusals can be counted by reason.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "flywheel/task.h"

namespace understudy {

// Parts in the order in which they are compared.
enum class ContractPart {
  request,  // the call cannot belong to a task (Stays): several turns, an image, n > 1, ...
  project,
  model,
  layout,  // other messages: roles, count, parts of content
  tools,
  response_format,
  parameters,
  skeleton,    // the constant text differs in a byte; white space and case count
  ambiguous,   // constant text stands where a slot is, so that the slots' ends are not known
  slot_value,  // a closed slot holds what was not seen in training
};
std::string_view name_of(ContractPart part);  // "response_format"

struct ContractMatch {
  std::optional<ContractPart> differs;  // empty: the call matches
  std::string detail;                   // "multi_turn"; "message 1, text 2"; the name of the slot
  std::vector<std::string_view> slots;  // views into the request's texts; filled when it matches

  bool matches() const { return !differs; }
};

ContractMatch match(const Task& task, std::string_view project, const RequestShape& request);
inline ContractMatch match(const Contract& contract, std::string_view project, const RequestShape& request) {
  return match(contract.task, project, request);
}

// Tasks by what must be equal before texts are compared. Not thread-safe while tasks are added.
class TaskIndex {
 public:
  // Returns the index of the task: the number of those added before.
  size_t add(Task task);
  const Task& operator[](size_t index) const { return tasks_[index]; }
  size_t size() const { return tasks_.size(); }

  struct Found {
    size_t task;
    ContractMatch match;
  };
  // The task with most constant text that the request matches; of equals the first added.
  std::optional<Found> find(std::string_view project, const RequestShape& request) const;

 private:
  std::vector<Task> tasks_;
  std::unordered_map<std::string, std::vector<size_t>> alike_;  // by parts; most constant text first
};

// Equal exactly for requests of one project with equal parts.
std::string parts_key(std::string_view project, const RequestParts& parts);

}  // namespace understudy
