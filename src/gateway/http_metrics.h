// Counts of answered requests, for /metrics. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/http/server.h"

namespace understudy {

class HttpMetrics {
 public:
  struct Entry {
    uint64_t requests = 0;
    double seconds = 0;
  };
  using Entries = std::map<std::pair<std::string, int>, Entry>;  // by route and status (0: client left)

  void count(std::string_view route, const AccessRecord& record) {
    std::lock_guard lock(mutex_);
    Entry& entry = entries_[{std::string(route), record.status}];
    ++entry.requests;
    entry.seconds += std::chrono::duration<double>(record.duration).count();
  }
  Entries entries() const {
    std::lock_guard lock(mutex_);
    return entries_;
  }

 private:
  mutable std::mutex mutex_;
  Entries entries_;
};

}  // namespace understudy
