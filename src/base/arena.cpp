#include "base/arena.h"

#include <algorithm>

#include "base/check.h"
#include "base/checked.h"

namespace understudy {

std::byte* Arena::allocate_bytes(size_t bytes) {
  bytes = round_up(bytes, size_t{64});
  while (block_ < blocks_.size() && offset_ + bytes > blocks_[block_].bytes()) {
    block_++;
    offset_ = 0;
  }
  if (block_ == blocks_.size()) {
    blocks_.emplace_back(std::max(bytes, block_bytes_));
    CHECK(blocks_.back().data() != nullptr);
    offset_ = 0;
  }
  std::byte* data = blocks_[block_].data() + offset_;
  offset_ += bytes;
  return data;
}

size_t Arena::used() const {
  size_t bytes = offset_;
  for (size_t i = 0; i < block_; i++) bytes += blocks_[i].bytes();
  return bytes;
}

}  // namespace understudy
