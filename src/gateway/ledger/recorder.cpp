#include "gateway/ledger/recorder.h"

#include "store/call_id.h"

namespace understudy {

std::optional<LogLevel> log_level_named(std::string_view name) {
  if (name == "full") return LogLevel::full;
  if (name == "metadata") return LogLevel::metadata;
  if (name == "off") return LogLevel::off;
  return std::nullopt;
}

bool Recorder::may_try() {
  constexpr int64_t kPauseMs = 5'000;
  const int64_t now = unix_ms_now();
  int64_t due = next_try_ms_;
  return now >= due && next_try_ms_.compare_exchange_strong(due, now + kPauseMs);
}

void Recorder::record(Call call, std::function<void(Status)> done) {
  call.cost_usd = call.origin == Origin::local ? local_cost_usd(call, options_.usd_per_cpu_hour)
                                               : upstream_cost_usd(call, options_.prices);
  store_.append_async(std::move(call), [this, done = std::move(done)](Result<std::string> result) {
    const Status status = result.ok() ? Status() : Status(result.error());
    note(status);
    if (done) done(status);
  });
}

void Recorder::note(const Status& status) {
  (status.ok() ? recorded_ : lost_)++;
  // A call that breaks a limit says nothing of the ledger.
  if (!status.ok() && status.error().code == ErrorCode::invalid_argument) return;
  const bool fails = !status.ok();
  if (failing_.exchange(fails) != fails && report_) report_(status);
}

}  // namespace understudy
