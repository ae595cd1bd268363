// PagePool: pages of one size in one lazily committed region. A page is *held* by the sequences that use it
// (counted) and may be *kept* by the prefix tree; it is free when it is neither. Kept pages that nobody holds
// are *idle*: the tree can give them up at any time. Not thread-safe; owned by the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/huge_buffer.h"
#include "base/result.h"

namespace understudy {

class PagePool {
 public:
  // Reserves address space only; memory is committed when a page is first written. Errors: exhausted.
  static Result<PagePool> create(size_t page_bytes, size_t capacity);

  size_t page_bytes() const { return page_bytes_; }
  size_t held() const { return held_; }                                    // pages
  size_t idle() const { return idle_; }                                    // pages
  size_t committed() const { return uses_.size() - uncommitted_.size(); }  // pages that may occupy memory
  // The next allocate() needs no memory of the system's.
  bool allocates_committed() const { return !committed_free_.empty(); }

  // A page held once, contents undefined. Precondition: held() + idle() < capacity.
  std::byte* allocate();
  void hold(std::byte* page);
  void release(std::byte* page);  // undoes one allocate() or hold()
  bool is_held(const std::byte* page) const { return uses_[index(page)].holds > 0; }
  void keep(std::byte* page);
  void drop(std::byte* page);  // undoes keep()

  // Returns the memory of up to `pages` free pages to the system; how many it found.
  size_t trim(size_t pages);

 private:
  struct Use {
    uint32_t holds = 0;
    bool kept = false;
  };

  PagePool() = default;
  size_t index(const std::byte* page) const {
    return static_cast<size_t>(page - region_.data()) / page_bytes_;
  }

  HugeBuffer region_;
  size_t page_bytes_ = 0, capacity_ = 0, held_ = 0, idle_ = 0;
  std::vector<Use> uses_;                               // pages ever allocated
  std::vector<uint32_t> committed_free_, uncommitted_;  // free pages with and without memory
};

}  // namespace understudy
