#include "engine/page_pool.h"

#include <sys/mman.h>

#include <string>

#include "base/check.h"
#include "base/checked.h"

namespace understudy {

namespace {
constexpr size_t kSystemPage = 4096;
}

Result<PagePool> PagePool::create(size_t page_bytes, size_t capacity) {
  PagePool pool;
  if (auto bytes = checked_mul(page_bytes, capacity)) pool.region_ = HugeBuffer(*bytes);
  if (pool.region_.data() == nullptr) {
    return Error{ErrorCode::exhausted,
                 "cannot reserve address space for " + std::to_string(capacity) + " state pages of " +
                     std::to_string(page_bytes) + " bytes",
                 "kv_bytes", "Give the engine less state memory, or raise the process's memory limit"};
  }
  pool.page_bytes_ = page_bytes;
  pool.capacity_ = capacity;
  return pool;
}

std::byte* PagePool::allocate() {
  CHECK(held_ + idle_ < capacity_);
  size_t page = uses_.size();
  for (auto* list : {&committed_free_, &uncommitted_}) {
    if (list->empty()) continue;
    page = list->back();
    list->pop_back();
    break;
  }
  if (page == uses_.size()) uses_.emplace_back();
  uses_[page].holds = 1;
  held_++;
  return region_.data() + page * page_bytes_;
}

void PagePool::hold(std::byte* page) {
  Use& use = uses_[index(page)];
  CHECK(use.holds > 0 || use.kept);
  if (use.holds++ == 0) {
    held_++;
    idle_--;
  }
}

void PagePool::release(std::byte* page) {
  Use& use = uses_[index(page)];
  CHECK(use.holds > 0);
  if (--use.holds > 0) return;
  held_--;
  if (use.kept) {
    idle_++;
  } else {
    committed_free_.push_back(static_cast<uint32_t>(index(page)));
  }
}

void PagePool::keep(std::byte* page) {
  Use& use = uses_[index(page)];
  CHECK(use.holds > 0 && !use.kept);
  use.kept = true;
}

void PagePool::drop(std::byte* page) {
  Use& use = uses_[index(page)];
  CHECK(use.kept);
  use.kept = false;
  if (use.holds > 0) return;
  idle_--;
  committed_free_.push_back(static_cast<uint32_t>(index(page)));
}

size_t PagePool::trim(size_t pages) {
  size_t trimmed = 0;
  for (; trimmed < pages && !committed_free_.empty(); trimmed++) {
    uint32_t page = committed_free_.back();
    committed_free_.pop_back();
    uncommitted_.push_back(page);
    size_t begin = round_up(page * page_bytes_, kSystemPage),
           end = (page + 1) * page_bytes_ / kSystemPage * kSystemPage;
    if (begin < end) madvise(region_.data() + begin, end - begin, MADV_DONTNEED);
  }
  return trimmed;
}

}  // namespace understudy
