// PartialFile: a download in the making. It survives an interrupted pull, is hashed as it grows, and becomes
// a model only after its digest was compared (ModelStore::install).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "base/sha256.h"

namespace understudy {

// Error{exhausted} when the disk of `path` has no room for `more` bytes and a reserve.
Status check_disk_room(const std::string& path, uint64_t more);

class PartialFile {
 public:
  // Creates the file or takes up what is there (hashing it). Symbolic links, and a file that another process
  // is writing, are refused.
  static Result<PartialFile> open(const std::string& path);

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  // Errors: io (a full disk, ...).
  Status append(std::span<const std::byte> bytes);
  // Forgets everything: size 0.
  Status restart();
  Status check_room(uint64_t more) const { return check_disk_room(path_, more); }
  // Forces the bytes to the disk and gives their SHA-256. Nothing may be appended afterwards.
  Result<std::string> finish();
  void discard();

 private:
  PartialFile(std::string path, FileDescriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  FileDescriptor file_;
  Sha256 sha_;
  uint64_t size_ = 0;
};

}  // namespace understudy
