#include "flywheel/home_folders.h"

#include <sys/stat.h>

#include <boost/json.hpp>
#include <filesystem>

#include "base/json.h"
#include "flywheel/durable_file.h"
#include "flywheel/json_fields.h"
#include "flywheel/task_files.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;

constexpr size_t kShownDigits = 12;

std::string task_folder(const std::string& task) { return "specialists/" + task.substr(0, kShownDigits); }

std::string choice_path(const std::string& home, const std::string& task) {
  return home + '/' + task_folder(task) + "/chosen.json";
}

Error nothing_chosen(const std::string& task, const std::string& what) {
  return {ErrorCode::not_found, what, task.substr(0, kShownDigits),
          "Run understudy specialise " + task.substr(0, kShownDigits)};
}

}  // namespace

std::string dataset_folder(const std::string& task, const std::string& dataset) {
  return "datasets/" + task.substr(0, kShownDigits) + '-' + dataset.substr(0, kShownDigits);
}

std::string specialist_folder(const std::string& task, const std::string& dataset, const std::string& rung) {
  return task_folder(task) + '/' + dataset.substr(0, kShownDigits) + '-' + rung;
}

std::string embeddings_file(const std::string& task) { return task_folder(task) + "/embeddings"; }

Result<Task> task_of_home(const std::string& home, const std::string& beginning) {
  ASSIGN_OR_RETURN(const auto records, read_tasks(home + "/tasks"));
  ASSIGN_OR_RETURN(TaskRecord record, find_task(records, beginning));
  return std::move(record.task);
}

Status make_private_folder(const std::string& path) {
  if (fs::is_directory(path)) return {};
  const std::string above = fs::path(path).parent_path();
  if (!above.empty() && above != path) RETURN_IF_ERROR(make_private_folder(above));
  if (::mkdir(path.c_str(), 0700) != 0 && !fs::is_directory(path))
    return system_error("cannot make the folder", path);
  return {};
}

Status keep_choice(const std::string& home, const std::string& task, const std::string& folder) {
  const std::string path = choice_path(home, task);
  RETURN_IF_ERROR(make_private_folder(fs::path(path).parent_path()));
  return replace_file(path,
                      boost::json::serialize(boost::json::object{{"task", task}, {"folder", folder}}) + '\n');
}

Result<std::string> chosen_specialist(const std::string& home, const std::string& task) {
  const auto text = read_file(choice_path(home, task));
  if (!text.ok() && text.error().code == ErrorCode::not_found)
    return nothing_chosen(task, "nothing was specialised for this task");
  if (!text.ok()) return text.error();
  ASSIGN_OR_RETURN(const boost::json::value value, parse_json(*text));
  JsonFields fields(value, "a choice of a specialist");
  std::string folder = fields.text("folder");
  RETURN_IF_ERROR(fields.status());
  if (folder.empty())
    return nothing_chosen(task,
                          "on dev, no specialist of this task answers enough at a threshold that holds");
  return folder;
}

}  // namespace understudy
