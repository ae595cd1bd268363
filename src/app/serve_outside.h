// What `serve` puts beside its models: upstreams, the ledger, specialists.
#pragma once

#include <memory>
#include <string>

#include "app/serve_policies.h"
#include "base/result.h"
#include "gateway/config.h"
#include "gateway/ledger/retention.h"
#include "gateway/service.h"

namespace understudy {

struct OutsideOptions {
  std::string upstream, upstream_key, config, ledger;
  bool no_ledger = false;
  int threads = 0;  // of each model of a specialist; 0: all that the process may use
};

// Owns what a Service's Outside points to. Destroy it after the HttpServer and the local models, whose last answers it
// records, and before the Service.
struct OutsideParts {
  std::unique_ptr<Recorder> recorder;  // hears of the calls that the store still writes when it is destroyed
  std::unique_ptr<Store> store;
  std::unique_ptr<Retention> retention;
  std::unique_ptr<Upstreams> upstreams;
  std::unique_ptr<ServedPolicies>
      policies;  // last, and so destroyed first: what it still decides uses the others

  Outside view() const {
    return {upstreams.get(), recorder.get(), policies ? policies->decider.get() : nullptr};
  }
};

// `api_key`: the one that our own clients show; then every provider needs a key of its own. Errors: those of the
// configuration and the ledger, invalid_argument (an address, a key that is missing).
Result<std::unique_ptr<OutsideParts>> open_outside(const OutsideOptions& options, const std::string& api_key);

}  // namespace understudy
