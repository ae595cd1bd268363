#include "app/partial_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <vector>

#include "app/progress.h"

namespace understudy {
namespace {
constexpr uint64_t kDiskReserve = 64'000'000;  // bytes left for everyone else
constexpr size_t kReadChunk = 1 << 20;
}  // namespace

Status check_disk_room(const std::string& path, uint64_t more) {
  struct statvfs disk{};
  if (::statvfs(path.c_str(), &disk) != 0) return Status();
  uint64_t available = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (available >= kDiskReserve && available - kDiskReserve >= more) return Status();
  return Error{ErrorCode::exhausted,
               fmt::format("the disk has {} free, the model needs {} more (and {} stay free)",
                           human_bytes(available), human_bytes(more), human_bytes(kDiskReserve)),
               path, "Free some space, or set UNDERSTUDY_HOME to a folder on another disk"};
}

Result<PartialFile> PartialFile::open(const std::string& path) {
  FileDescriptor descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!descriptor.valid()) return system_error("cannot create the file", path);
  struct stat info{};
  if (::fstat(descriptor.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{ErrorCode::io, "not a regular file", path, "Remove it"};
  }
  if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{ErrorCode::exhausted, "another process is downloading this model", path,
                 "Wait until it is done"};
  }
  PartialFile file(path, std::move(descriptor));
  std::vector<std::byte> chunk(kReadChunk);
  while (true) {
    ssize_t got = ::read(file.file_.get(), chunk.data(), chunk.size());
    if (got < 0) return system_error("cannot read the file", path);
    if (got == 0) return file;
    file.sha_.update(std::span(chunk).first(static_cast<size_t>(got)));
    file.size_ += static_cast<uint64_t>(got);
  }
}

Status PartialFile::append(std::span<const std::byte> bytes) {
  for (size_t done = 0; done < bytes.size();) {
    ssize_t written = ::write(file_.get(), bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("cannot write the file", path_);
    done += static_cast<size_t>(written);
  }
  sha_.update(bytes);
  size_ += bytes.size();
  return Status();
}

Status PartialFile::restart() {
  if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0) {
    return system_error("cannot empty the file", path_);
  }
  sha_ = Sha256();
  size_ = 0;
  return Status();
}

Result<std::string> PartialFile::finish() {
  if (::fsync(file_.get()) != 0) return system_error("cannot write the file", path_);
  return sha_.hex();
}

void PartialFile::discard() { ::unlink(path_.c_str()); }

}  // namespace understudy
