// HugeFile: a file's bytes in memory, there at once and on huge pages soon. The file is mapped, and a thread reads it piece by
// piece into huge pages and moves each piece to where the mapping of those bytes is: readers see the same bytes at the same
// address before and after, and wait for no more than the page tables. If memory is short the rest stays mapped.
//
// Committing a gigabyte takes 0.04 s where memory is the machine's own, and over a second in a virtual machine that has to
// get it back from its host: nobody waits for that before the first answer.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace understudy {

class HugeFile {
 public:
  // The first `bytes` of a regular file that stays as long as it is mapped; `path` is for the error. Error{io}.
  static Result<std::shared_ptr<HugeFile>> open(FileDescriptor file, size_t bytes, const std::string& path);
  // Does not wait for the bytes that are still mapped.
  ~HugeFile();
  HugeFile(const HugeFile&) = delete;
  HugeFile& operator=(const HugeFile&) = delete;

  // Valid while the object lives.
  std::span<const std::byte> bytes() const { return {data_, bytes_}; }
  // Waits until all that can be is on huge pages, and says how many bytes that are. Not thread-safe.
  size_t settle();

 private:
  HugeFile(FileDescriptor file, size_t bytes) : file_(std::move(file)), bytes_(bytes) {}
  bool map();
  void move_all();
  bool move_piece(size_t begin, size_t bytes);

  const FileDescriptor file_;
  const size_t bytes_;
  std::byte* data_ = nullptr;  // whole huge pages
  std::atomic<size_t> moved_bytes_{0};
  std::atomic<bool> stop_{false};
  std::thread mover_;
};

}  // namespace understudy
