// An open file that closes itself, and the Error for a failed system call.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"

namespace understudy {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  ~FileDescriptor() { close(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // All of `into`, from `offset` of the file; false if it ends before, or with errno set.
  bool read_at(size_t offset, std::span<std::byte> into) const {
    while (!into.empty()) {
      const ssize_t count = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      into = into.subspan(static_cast<size_t>(count));
      offset += static_cast<size_t>(count);
    }
    return true;
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

// Error{io} with errno's text: "cannot open the file: Permission denied".
inline Error system_error(const std::string& what, const std::string& where, std::string hint = "") {
  return Error{ErrorCode::io, what + ": " + std::strerror(errno), where, std::move(hint)};
}

}  // namespace understudy
