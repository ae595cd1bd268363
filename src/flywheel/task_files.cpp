#include "flywheel/task_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "base/json.h"
#include "flywheel/durable_file.h"

namespace understudy {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

Result<TaskRecord> read_task(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path));
  ASSIGN_OR_RETURN(const json::value value, parse_json(text));
  const json::object* object = value.if_object();
  const json::value* task = object != nullptr ? object->if_contains("task") : nullptr;
  const json::value* found_ms = object != nullptr ? object->if_contains("found_ms") : nullptr;
  if (task == nullptr || found_ms == nullptr || !found_ms->is_int64()) {
    return Error{ErrorCode::corrupt, "this is not a stored task", path, "Remove it and mine again"};
  }
  TaskRecord record;
  ASSIGN_OR_RETURN(record.task, task_from_json(*task));
  record.found_ms = found_ms->get_int64();
  return record;
}

}  // namespace

Status write_task(const TaskRecord& record, const std::string& folder) {
  std::error_code failed;
  fs::create_directories(fs::path(folder).parent_path(), failed);
  if (::mkdir(folder.c_str(), 0700) != 0 && !fs::is_directory(folder)) {
    return system_error("cannot make the folder", folder);
  }
  const json::object object{{"task", to_json(record.task)}, {"found_ms", record.found_ms}};
  return replace_file(folder + '/' + record.task.key() + ".json", json::serialize(object) + '\n');
}

Result<std::vector<TaskRecord>> read_tasks(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<TaskRecord> records;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(TaskRecord record, read_task(path));
    records.push_back(std::move(record));
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const TaskRecord& a, const TaskRecord& b) { return a.found_ms < b.found_ms; });
  return records;
}

Result<TaskRecord> find_task(const std::vector<TaskRecord>& tasks, std::string_view beginning) {
  std::vector<const TaskRecord*> found;
  for (const TaskRecord& record : tasks) {
    if (record.task.key().starts_with(beginning)) found.push_back(&record);
  }
  if (found.size() == 1) return *found[0];
  const std::string shown(beginning);
  if (found.empty()) {
    return Error{ErrorCode::not_found, "there is no task '" + shown + "'", "", "See: understudy tasks ls"};
  }
  return Error{ErrorCode::invalid_argument, "several tasks begin with '" + shown + "'", "",
               "Write more of the key"};
}

}  // namespace understudy
