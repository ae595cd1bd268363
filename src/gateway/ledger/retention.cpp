#include "gateway/ledger/retention.h"

#include <chrono>

namespace understudy {

Retention::Retention(Store& store, int days, std::function<void(const Result<int64_t>&)> report)
    : thread_([this, &store, days, report = std::move(report)] {
        constexpr std::chrono::hours kPause(1);
        std::unique_lock lock(mutex_);
        while (!stopping_) {
          lock.unlock();
          report(store.delete_older_than(days));
          lock.lock();
          wake_.wait_for(lock, kPause, [this] { return stopping_; });
        }
      }) {}

Retention::~Retention() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

}  // namespace understudy
