// understudy.toml: where calls go, and what is kept of them. docs/howto/upstream.md has every key.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "gateway/ledger/recorder.h"
#include "gateway/upstream/targets.h"

namespace understudy {

struct GatewayConfig {
  std::map<std::string, UpstreamTarget> routes;  // [routes], by requested model
  std::optional<UpstreamTarget> fallback;        // [routes] "*"
  // [routes] of the provider "local": the model that takes over, or "".
  std::map<std::string, std::string> local_routes;
  RecorderOptions ledger;   // [ledger], [prices]
  int retention_days = 30;  // [retention]; 0: for ever
};

// Reads the file. Errors name the file, the line and the key, and say what is allowed: corrupt (no TOML),
// invalid_argument (unknown keys, wrong types, a provider that is not there), not_found (no file, or a variable that
// env::NAME asks for).
Result<GatewayConfig> read_config(const std::string& path);
Result<GatewayConfig> parse_config(std::string_view text, const std::string& path);

}  // namespace understudy
