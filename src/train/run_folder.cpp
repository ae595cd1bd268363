#include "train/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/json.h"
#include "base/mapped_file.h"
#include "base/replace_file.h"

namespace understudy {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

Error system_error(const char* what, const std::string& path) {
  return {ErrorCode::io, std::string(what) + ": " + std::strerror(errno), path, ""};
}

// Boost writes 0.001 as 1E-3.
std::string text_of(const json::value& value) {
  return value.is_double() ? fmt::format("{}", value.get_double()) : json::serialize(value);
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr ? text_of(*value) : "nothing";
}

Status compare(const json::object& found, const json::object& wanted, const std::string& path) {
  for (const auto& [key, value] : wanted) {
    const std::string there = text_of(found, key), here = text_of(wanted, key);
    if (there == here) continue;
    return Error{ErrorCode::forbidden,
                 fmt::format("the folder holds another run: its {} is {}, this one's {}", std::string(key),
                             there, here),
                 path, "Give the same data and options to go on, or another folder"};
  }
  return Status();
}

// A line a key, so that people can read it.
std::string manifest_text(const json::object& manifest) {
  std::string text = "{\n";
  for (const auto& [key, value] : manifest) {
    text += fmt::format("{}  {}: {}", text.size() > 2 ? ",\n" : "", json::serialize(json::value(key)),
                        text_of(value));
  }
  return text + "\n}\n";
}

Result<json::object> read_manifest(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::open(path));
  auto value = parse_json({reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()});
  if (value.ok() && value->is_object()) return value->get_object();
  return Error{ErrorCode::corrupt, "the manifest of the run is damaged", path,
               "Remove the run's folder to train from the start"};
}

}  // namespace

Result<std::unique_ptr<RunFolder>> RunFolder::open(const std::string& folder, const json::object& manifest) {
  std::unique_ptr<RunFolder> run(new RunFolder(folder));
  RETURN_IF_ERROR(run->prepare(manifest));
  return run;
}

RunFolder::~RunFolder() {
  for (const int file : {lock_, log_}) {
    if (file >= 0) ::close(file);
  }
}

Status RunFolder::prepare(const json::object& manifest) {
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST)
    return system_error("cannot make the folder", folder_);
  lock_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ < 0) return system_error("cannot open the folder", folder_);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
    return Error{ErrorCode::exhausted, "another process is training in this folder", folder_, ""};
  const std::string path = folder_ + "/manifest.json", part = path + ".part";
  std::error_code failed;
  if (fs::exists(path, failed)) {
    ASSIGN_OR_RETURN(const json::object found, read_manifest(path));
    RETURN_IF_ERROR(compare(found, manifest, folder_));
  } else {
    for (const auto& entry : fs::directory_iterator(folder_, failed)) {
      if (entry.path() != part)
        return Error{ErrorCode::forbidden, "the folder holds files and no run", folder_,
                     "Give another folder"};
    }
    if (failed) return Error{ErrorCode::io, "cannot read the folder: " + failed.message(), folder_, ""};
    RETURN_IF_ERROR(replace_file(path, manifest_text(manifest)));
  }
  const std::string log = folder_ + "/log.jsonl";
  log_ = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  return log_ < 0 ? Status(system_error("cannot write the log", log)) : Status();
}

Status RunFolder::cut_log(int64_t bytes) {
  struct stat info{};
  const std::string path = folder_ + "/log.jsonl";
  if (::fstat(log_, &info) != 0) return system_error("cannot read the log", path);
  if (info.st_size > bytes && ::ftruncate(log_, bytes) != 0) return system_error("cannot cut the log", path);
  return Status();
}

Status RunFolder::log(const json::object& line) {
  const std::string text = json::serialize(line) + "\n";
  if (::write(log_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return Status();
  return system_error("cannot write the log", folder_ + "/log.jsonl");
}

Result<int64_t> RunFolder::sync_log() {
  struct stat info{};
  if (::fsync(log_) != 0 || ::fstat(log_, &info) != 0)
    return system_error("cannot write the log", folder_ + "/log.jsonl");
  return static_cast<int64_t>(info.st_size);
}

}  // namespace understudy
