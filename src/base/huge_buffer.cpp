#include "base/huge_buffer.h"

#include <sys/mman.h>

#include "base/checked.h"

namespace understudy {

HugeBuffer::HugeBuffer(size_t bytes) : bytes_(round_up(bytes, kHugePage)) {
  void* data =
      mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) {
    bytes_ = 0;
    return;
  }
  madvise(data, bytes_, MADV_HUGEPAGE);
  data_ = static_cast<std::byte*>(data);
}

HugeBuffer::~HugeBuffer() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

}  // namespace understudy
