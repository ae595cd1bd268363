// The tasks that were mined: a file each, so that they can be read, compared and kept in version control. Which calls
// belong to a task is in the ledger (Call::task).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flywheel/task.h"

namespace understudy {

struct TaskRecord {
  Task task;
  int64_t found_ms = 0;  // since 1970-01-01 UTC
};

// Writes FOLDER/KEY.json, replacing the one of the same task; the folder is created. Error{io}.
Status write_task(const TaskRecord& record, const std::string& folder);

// All of the folder, oldest first; none if there is no folder. Error{corrupt} names the file.
Result<std::vector<TaskRecord>> read_tasks(const std::string& folder);

// The one task whose key begins so. Error{not_found}, Error{invalid_argument} if there are several.
Result<TaskRecord> find_task(const std::vector<TaskRecord>& tasks, std::string_view beginning);

}  // namespace understudy
