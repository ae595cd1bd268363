#include "app/serve_outside.h"

#include <fmt/format.h>

#include "app/home.h"

namespace understudy {
namespace {

Result<GatewayConfig> configuration(const OutsideOptions& options) {
  GatewayConfig config;
  if (!options.config.empty()) {
    ASSIGN_OR_RETURN(config, read_config(options.config));
  }
  if (options.upstream.empty()) return config;
  if (config.fallback)
    return Error{ErrorCode::invalid_argument,
                 "both --upstream and the route \"*\" say where other models are", "--upstream",
                 "Leave one of them out"};
  RETURN_IF_ERROR(check_upstream_url(options.upstream));
  config.fallback = UpstreamTarget{"upstream", options.upstream, options.upstream_key};
  return config;
}

// With a key of our own the client's Authorization is ours, and must not go up.
Status check_keys(const GatewayConfig& config, const std::string& api_key) {
  if (api_key.empty()) return {};
  const auto check = [](const UpstreamTarget& target) -> Status {
    if (!target.api_key.empty()) return {};
    return Error{ErrorCode::invalid_argument,
                 fmt::format("clients show this server's own key, so the provider '{}' needs one of its own",
                             target.provider),
                 "--api-key", "Set UNDERSTUDY_UPSTREAM_KEY, or api_key = \"env::NAME\" in understudy.toml"};
  };
  if (config.fallback) RETURN_IF_ERROR(check(*config.fallback));
  for (const auto& [model, target] : config.routes) RETURN_IF_ERROR(check(target));
  return {};
}

void report_ledger(const Status& status) {
  if (status.ok()) {
    fmt::print(stderr, "the ledger is written again\n");
  } else {
    fmt::print(stderr, "calls are not recorded: {}\n", status.error().message());
  }
}

void report_retention(const Result<int64_t>& gone) {
  if (!gone) {
    fmt::print(stderr, "retention failed: {}\n", gone.error().message());
  } else if (*gone > 0) {
    fmt::print(stderr, "retention removed {} calls\n", *gone);
  }
}

}  // namespace

Result<std::unique_ptr<OutsideParts>> open_outside(const OutsideOptions& options,
                                                   const std::string& api_key) {
  ASSIGN_OR_RETURN(GatewayConfig config, configuration(options));
  RETURN_IF_ERROR(check_keys(config, api_key));
  auto parts = std::make_unique<OutsideParts>();
  const bool has_routes = config.fallback || !config.routes.empty() || !config.local_routes.empty();
  if (has_routes) {
    ASSIGN_OR_RETURN(parts->upstreams, Upstreams::create());
    parts->upstreams->fallback = config.fallback;
    parts->upstreams->routes.insert(config.routes.begin(), config.routes.end());
    RETURN_IF_ERROR(parts->upstreams->set_local(config.local_routes));
    ASSIGN_OR_RETURN(const std::string home, home_directory());
    ASSIGN_OR_RETURN(parts->policies, open_policies(home, options.threads));
  }
  if (options.no_ledger || (!has_routes && options.ledger.empty())) return parts;
  std::string path = options.ledger;
  if (path.empty()) {
    ASSIGN_OR_RETURN(path, ledger_path());
  }
  ASSIGN_OR_RETURN(parts->store, Store::open(path));
  parts->recorder = std::make_unique<Recorder>(*parts->store, std::move(config.ledger), report_ledger);
  if (config.retention_days > 0)
    parts->retention = std::make_unique<Retention>(*parts->store, config.retention_days, report_retention);
  return parts;
}

}  // namespace understudy
