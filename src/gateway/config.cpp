#include "gateway/config.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <sstream>
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace understudy {
namespace {

constexpr std::string_view kFromEnvironment = "env::";
constexpr std::string_view kThisServer = "local";  // as a provider
constexpr int64_t kLongestRetentionDays = 36'500;

// Reads tables and keeps the first thing that is wrong; what is read after it is empty.
class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  void fail(const toml::node& node, std::string what, std::string hint,
            ErrorCode code = ErrorCode::invalid_argument) {
    if (!status_.ok()) return;
    status_ = Error{code, std::move(what), fmt::format("{}, line {}", path_, node.source().begin.line),
                    std::move(hint)};
  }

  // Whether the table has these keys alone.
  void allow(const toml::table& table, const std::string& name,
             std::initializer_list<std::string_view> keys) {
    for (const auto& [key, node] : table) {
      if (std::find(keys.begin(), keys.end(), key.str()) == keys.end())
        fail(node, fmt::format("[{}] has no key '{}'", name, key.str()),
             fmt::format("It takes {}", fmt::join(keys, ", ")));
    }
  }

  const toml::table* table(const toml::node& node, const std::string& name) {
    if (node.is_table()) return node.as_table();
    fail(node, fmt::format("'{}' must be a table", name), "");
    return nullptr;
  }

  // A text; "env::NAME" is the variable's value. "" if it is not there.
  std::string text(const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return "";
    const auto value = node->value_exact<std::string>();
    if (!value) {
      fail(*node, fmt::format("'{}' must be a text", key), "");
      return "";
    }
    if (!value->starts_with(kFromEnvironment)) return *value;
    const std::string variable = value->substr(kFromEnvironment.size());
    const char* found = std::getenv(variable.c_str());
    if (found != nullptr && *found != '\0') return found;
    fail(*node, fmt::format("'{}' asks for the variable {}, which is not set", key, variable),
         "Set it before the server starts", ErrorCode::not_found);
    return "";
  }

  std::optional<double> number(const toml::table& table, std::string_view key, double low, double high) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return std::nullopt;
    const auto value = node->is_number() ? node->value<double>() : std::nullopt;
    if (value && *value >= low && *value <= high) return value;
    fail(*node, fmt::format("'{}' must be a number from {} to {}", key, low, high), "");
    return std::nullopt;
  }

  Status status() const { return status_; }

 private:
  const std::string path_;
  Status status_;
};

using Providers = std::map<std::string, UpstreamTarget>;

Providers read_providers(Reader& read, const toml::table& tables) {
  Providers providers;
  for (const auto& [name, node] : tables) {
    const std::string label = fmt::format("providers.{}", name.str());
    const toml::table* table = read.table(node, label);
    if (table == nullptr) break;
    if (name.str() == kThisServer)
      read.fail(node, "the provider 'local' is this server's own model", "Choose another name");
    read.allow(*table, label, {"url", "api_key"});
    UpstreamTarget target{std::string(name.str()), read.text(*table, "url"), read.text(*table, "api_key")};
    if (Status status = check_upstream_url(target.url); !status.ok())
      read.fail(node, fmt::format("[{}] url: {}", label, status.error().what), status.error().hint);
    providers.emplace(name.str(), std::move(target));
  }
  return providers;
}

void read_routes(Reader& read, const toml::table& routes, const Providers& providers, GatewayConfig& config) {
  for (const auto& [model, node] : routes) {
    const std::string label = fmt::format("routes.\"{}\"", model.str());
    const toml::table* table = read.table(node, label);
    if (table == nullptr) return;
    const std::string provider = read.text(*table, "provider");
    if (provider == kThisServer) {
      read.allow(*table, label, {"provider", "fallback"});
      if (model.str() == "*")
        read.fail(node, "[routes.\"*\"] must name an upstream", "Give local models routes of their own");
      config.local_routes.emplace(model.str(), read.text(*table, "fallback"));
      continue;
    }
    read.allow(*table, label, {"provider", "model"});
    const auto found = providers.find(provider);
    if (found == providers.end()) {
      std::string known;
      for (const auto& [name, target] : providers) known += (known.empty() ? "" : ", ") + name;
      read.fail(
          node, fmt::format("[{}] names the provider '{}', which is not there", label, provider),
          "[providers] has " + (known.empty() ? "none" : known) + "; 'local' is this server's own model");
      return;
    }
    UpstreamTarget target = found->second;
    target.model = read.text(*table, "model");
    if (model.str() == "*") {
      config.fallback = std::move(target);
    } else {
      config.routes.emplace(model.str(), std::move(target));
    }
  }
}

void read_ledger(Reader& read, const toml::table& ledger, RecorderOptions& options) {
  read.allow(ledger, "ledger", {"log", "on_failure", "cpu_hour_usd"});
  if (const std::string log = read.text(ledger, "log"); !log.empty()) {
    const auto level = log_level_named(log);
    if (!level)
      read.fail(*ledger.get("log"), fmt::format("'log' is '{}'", log), "It takes full, metadata or off");
    options.log = level.value_or(LogLevel::full);
  }
  if (const std::string failure = read.text(ledger, "on_failure"); !failure.empty()) {
    if (failure != "pass" && failure != "refuse")
      read.fail(*ledger.get("on_failure"), fmt::format("'on_failure' is '{}'", failure),
                "It takes pass or refuse");
    options.refuse_on_failure = failure == "refuse";
  }
  options.usd_per_cpu_hour = read.number(ledger, "cpu_hour_usd", 0, 1e6);
}

void read_prices(Reader& read, const toml::table& prices, PriceTable& into) {
  for (const auto& [model, node] : prices) {
    const std::string label = fmt::format("prices.\"{}\"", model.str());
    const toml::table* table = read.table(node, label);
    if (table == nullptr) return;
    read.allow(*table, label, {"input", "cached_input", "output"});
    const auto input = read.number(*table, "input", 0, 1e6), output = read.number(*table, "output", 0, 1e6);
    if (!input || !output) {
      read.fail(node, fmt::format("[{}] needs input and output, in USD for a million tokens", label), "");
      return;
    }
    const Status status =
        into.set(std::string(model.str()),
                 {.input = *input,
                  .cached_input = read.number(*table, "cached_input", 0, 1e6).value_or(*input),
                  .output = *output});
    if (!status.ok()) read.fail(node, status.error().what, status.error().hint);
  }
}

}  // namespace

Result<GatewayConfig> parse_config(std::string_view text, const std::string& path) {
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Error{ErrorCode::corrupt, std::string(error.description()),
                 fmt::format("{}, line {}", path, error.source().begin.line),
                 "docs/howto/upstream.md has an example"};
  }
  Reader read(path);
  const toml::table& root = parsed.table();
  read.allow(root, "understudy.toml", {"providers", "routes", "ledger", "retention", "prices"});
  GatewayConfig config;
  const auto part = [&](const char* name) -> const toml::table& {
    static const toml::table kNone;
    const toml::node* node = root.get(name);
    const toml::table* table = node == nullptr ? nullptr : read.table(*node, name);
    return table == nullptr ? kNone : *table;
  };
  const Providers providers = read_providers(read, part("providers"));
  read_routes(read, part("routes"), providers, config);
  read_ledger(read, part("ledger"), config.ledger);
  read_prices(read, part("prices"), config.ledger.prices);
  read.allow(part("retention"), "retention", {"days"});
  if (const auto days = read.number(part("retention"), "days", 0, static_cast<double>(kLongestRetentionDays)))
    config.retention_days = static_cast<int>(*days);
  RETURN_IF_ERROR(read.status());
  return config;
}

Result<GatewayConfig> read_config(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    return Error{ErrorCode::not_found, "the configuration cannot be read", path, "Name an understudy.toml"};
  return parse_config(text.str(), path);
}

}  // namespace understudy
