#include "base/huge_file.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "base/checked.h"
#include "base/huge_buffer.h"

namespace understudy {
namespace {

constexpr size_t kPieceBytes = size_t{32} << 20;  // committed twice at most: as file and as copy

// Addresses without memory for `bytes`, whole huge pages; nullptr if there are none.
std::byte* reserve(size_t bytes) {
  const size_t more = bytes + kHugePage;
  void* data = mmap(nullptr, more, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return nullptr;
  auto* begin = static_cast<std::byte*>(data);
  const size_t before = (kHugePage - reinterpret_cast<uintptr_t>(data) % kHugePage) % kHugePage;
  if (before > 0) munmap(begin, before);
  munmap(begin + before + bytes, kHugePage - before);
  return begin + before;
}

}  // namespace

Result<std::shared_ptr<HugeFile>> HugeFile::open(FileDescriptor file, size_t bytes, const std::string& path) {
  std::shared_ptr<HugeFile> opened(new HugeFile(std::move(file), bytes));
  if (bytes == 0) return opened;
  if (!opened->map()) return system_error("cannot map the file", path);
  opened->mover_ = std::thread([self = opened.get()] { self->move_all(); });
  return opened;
}

HugeFile::~HugeFile() {
  stop_ = true;
  if (mover_.joinable()) mover_.join();
  if (data_ != nullptr) munmap(data_, round_up(bytes_, kHugePage));
}

size_t HugeFile::settle() {
  if (mover_.joinable()) mover_.join();
  return moved_bytes_;
}

bool HugeFile::map() {
  data_ = reserve(round_up(bytes_, kHugePage));
  return data_ != nullptr &&
         mmap(data_, bytes_, PROT_READ, MAP_PRIVATE | MAP_FIXED, file_.get(), 0) != MAP_FAILED;
}

void HugeFile::move_all() {
  for (size_t at = 0; at < bytes_ && !stop_; at += kPieceBytes) {
    const size_t bytes = std::min(kPieceBytes, bytes_ - at);
    if (!move_piece(at, bytes)) return;
    moved_bytes_ += bytes;
  }
}

// The piece is complete before it is moved, and mremap() puts it in the place of the mapping while no thread can look. Linux checks
// its limits before it takes the mapping away (mremap_to() in mm/mremap.c), so that a refusal leaves the mapping.
bool HugeFile::move_piece(size_t begin, size_t bytes) {
  const size_t whole = round_up(bytes, kHugePage);
  std::byte* piece = reserve(whole);
  if (piece == nullptr) return false;
  if (mprotect(piece, whole, PROT_READ | PROT_WRITE) == 0) {
    madvise(piece, whole, MADV_HUGEPAGE);
    if (file_.read_at(begin, {piece, bytes}) && mprotect(piece, whole, PROT_READ) == 0 &&
        mremap(piece, whole, whole, MREMAP_MAYMOVE | MREMAP_FIXED, data_ + begin) != MAP_FAILED)
      return true;
  }
  munmap(piece, whole);
  return false;
}

}  // namespace understudy
