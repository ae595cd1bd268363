#include "flywheel/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/mapped_file.h"

namespace understudy {

Error system_error(const std::string& what, const std::string& path) {
  return {ErrorCode::io, what + ": " + std::strerror(errno), path, ""};
}

Status write_new_file(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST) return Error{ErrorCode::forbidden, "the file is there already", path, ""};
  if (file < 0) return system_error("cannot write the file", path);
  bool good = true;
  while (good && !text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    good = written > 0;
    if (good) text.remove_prefix(static_cast<size_t>(written));
  }
  good = good && ::fsync(file) == 0;
  const Status status = good ? Status() : Status(system_error("cannot write the file", path));
  ::close(file);
  return status;
}

Status replace_file(const std::string& path, std::string_view text) {
  const std::string unfinished = path + ".unfinished";
  std::error_code failed;
  std::filesystem::remove(unfinished, failed);
  RETURN_IF_ERROR(write_new_file(unfinished, text));
  if (std::rename(unfinished.c_str(), path.c_str()) != 0) return system_error("cannot name the file", path);
  return sync_folder(std::filesystem::path(path).parent_path());
}

Status sync_folder(const std::string& folder) {
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return system_error("cannot open the folder", folder);
  const Status status =
      ::fsync(handle) == 0 ? Status() : Status(system_error("cannot sync the folder", folder));
  ::close(handle);
  return status;
}

Result<std::string> read_file(const std::string& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (failed == std::errc::no_such_file_or_directory) {
    return Error{ErrorCode::not_found, "there is no such file", path, ""};
  }
  if (failed) return Error{ErrorCode::io, "cannot read the file: " + failed.message(), path, ""};
  if (size == 0) return std::string();
  ASSIGN_OR_RETURN(const auto file, MappedFile::open(path));
  return std::string(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
}

}  // namespace understudy
