// Recorder: live calls into the ledger, with their costs. A ledger that cannot be written stops nothing unless it is asked
// to; what was lost is counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "store/prices.h"
#include "store/store.h"

namespace understudy {

enum class LogLevel { full, metadata, off };
std::optional<LogLevel> log_level_named(std::string_view name);

struct RecorderOptions {
  LogLevel log = LogLevel::full;
  bool refuse_on_failure = false;  // calls are refused while the ledger cannot be written
  std::optional<double> usd_per_cpu_hour = std::nullopt;  // of local answers; empty: their cost is unknown
  PriceTable prices = PriceTable::defaults();
};

class Recorder {
 public:
  // Hears on the store's thread when recording begins to fail, with why, and when it works again.
  using Report = std::function<void(const Status&)>;

  // The store must be there for every record(), and be destroyed before the recorder, which hears of the last calls.
  Recorder(Store& store, RecorderOptions options, Report report = {})
      : store_(store), options_(std::move(options)), report_(std::move(report)) {}

  // Fills in the cost and appends. Without waiting: `done` hears on the store's thread whether the call is durable.
  // Thread-safe.
  void record(Call call, std::function<void(Status)> done = {});

  const RecorderOptions& options() const { return options_; }
  Store& store() { return store_; }

  uint64_t recorded() const { return recorded_; }
  uint64_t lost() const { return lost_; }
  bool failing() const { return failing_; }  // the store did not take the last call
  // While it fails: whether to find out now if the ledger can be written again; once in five seconds.
  bool may_try();

 private:
  void note(const Status& status);

  Store& store_;
  const RecorderOptions options_;
  const Report report_;
  std::atomic<uint64_t> recorded_ = 0, lost_ = 0;
  std::atomic<bool> failing_ = false;
  std::atomic<int64_t> next_try_ms_ = 0;
};

}  // namespace understudy
