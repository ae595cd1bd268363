#include "base/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/file_descriptor.h"

namespace understudy {

namespace {

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// The name is on the disk when its folder is.
Status sync_folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return system_error("cannot open the folder", folder);
  const Status status =
      ::fsync(handle) == 0 ? Status() : Status(system_error("cannot sync the folder", folder));
  ::close(handle);
  return status;
}

}  // namespace

Status replace_file(const std::string& path, std::span<const std::string_view> parts) {
  const std::string part = path + ".part";
  const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return system_error("cannot write the file", part);
  bool good = ::fchmod(file, 0600) == 0;  // also of a file that a killed process left
  for (const std::string_view bytes : parts) good = good && write_all(file, bytes);
  good = good && ::fsync(file) == 0;
  const Status status = good ? Status() : Status(system_error("cannot write the file", part));
  ::close(file);
  if (status.ok() && std::rename(part.c_str(), path.c_str()) == 0) return sync_folder_of(path);
  const Status failed = status.ok() ? Status(system_error("cannot replace the file", path)) : status;
  ::unlink(part.c_str());
  return failed;
}

}  // namespace understudy
