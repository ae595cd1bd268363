// The gateway of the demo, in this process: the Service that `understudy serve --upstream` runs, over the demo's own
// ledger and policies.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "flywheel/models.h"
#include "store/store.h"

namespace understudy {

// What an hour of this machine's CPUs is taken to cost: of local answers, and of those that were made in vain.
inline constexpr double kUsdPerCpuHour = 0.05;

class DemoGateway {
 public:
  // Listens on a loopback port when it returns. `home` has the policies; `store` and `models` must outlive it.
  static Result<std::unique_ptr<DemoGateway>> start(const std::string& home, const std::string& upstream,
                                                    Store& store, Models& models);
  ~DemoGateway();

  std::string url() const;  // "http://127.0.0.1:PORT"

 private:
  struct Impl;
  explicit DemoGateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy
