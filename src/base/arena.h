// Arena: scratch memory for one step. Allocation is a pointer bump; everything is freed at once by release().
// Blocks are kept, so a steady state allocates nothing. Not thread-safe: one owner at a time.
#pragma once

#include <cstddef>
#include <type_traits>
#include <vector>

#include "base/huge_buffer.h"

namespace understudy {

class Arena {
 public:
  // Memory comes from the kernel in blocks of at least `block_bytes`.
  explicit Arena(size_t block_bytes = size_t{8} << 20) : block_bytes_(block_bytes) {}

  // `count` values of T, 64-byte aligned; zero until the first release(), then uninitialised.
  template <typename T>
  T* allocate(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return reinterpret_cast<T*>(allocate_bytes(count * sizeof(T)));
  }

  struct Mark {
    size_t block, offset;
  };
  Mark mark() const { return {block_, offset_}; }
  // Bytes up to here, what was left over at the ends of blocks included.
  size_t used() const;
  // Frees everything allocated since `mark`.
  void release(Mark mark) {
    block_ = mark.block;
    offset_ = mark.offset;
  }

 private:
  std::byte* allocate_bytes(size_t bytes);
  size_t block_bytes_;
  std::vector<HugeBuffer> blocks_;
  size_t block_ = 0, offset_ = 0;
};

// Frees at the end of a scope what was allocated in it.
class ArenaScope {
 public:
  explicit ArenaScope(Arena& arena) : arena_(arena), mark_(arena.mark()) {}
  ~ArenaScope() { arena_.release(mark_); }
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;

 private:
  Arena& arena_;
  Arena::Mark mark_;
};

}  // namespace understudy
