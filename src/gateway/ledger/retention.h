// Retention: removes calls that the ledger has had for longer than it may keep them, now and every hour, on a thread of its
// own.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "store/store.h"

namespace understudy {

class Retention {
 public:
  // days > 0. `report` hears on that thread how many calls went, or why none could. `store` must outlive it.
  Retention(Store& store, int days, std::function<void(const Result<int64_t>&)> report);
  ~Retention();
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace understudy
