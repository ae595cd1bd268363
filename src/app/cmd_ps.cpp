// understudy ps: what the server on this machine is doing.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/commands.h"
#include "app/http_client.h"
#include "app/progress.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr size_t kMaxAnswer = 1 << 20;

struct Options {
  std::string url = "http://127.0.0.1:8080";
  bool json = false;
};

std::string field(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return "?";
  if (value->is_string()) return std::string(value->as_string());
  if (!std::string_view(key).starts_with("kv_bytes")) return json::serialize(*value);
  json::error_code code;
  auto bytes = value->to_number<uint64_t>(code);
  return code ? "?" : human_bytes(bytes);
}

Status show_server(const Options& options) {
  auto answer = http_call({.url = options.url + "/ready", .body_limit = kMaxAnswer});
  if (!answer.ok()) {
    Error error = answer.error();
    return Error{error.code, "no server answers: " + error.what, options.url,
                 "Start one: understudy serve MODEL"};
  }
  json::error_code code;
  json::value value = json::parse(answer->body, code);
  if (code || !value.is_object() || !value.as_object().contains("status")) {
    return Error{ErrorCode::corrupt, fmt::format("not an answer of understudy (HTTP {})", answer->status),
                 options.url, ""};
  }
  if (options.json) {
    fmt::print("{}\n", json::serialize(value));
    return Status();
  }
  const json::object& ready = value.as_object();
  fmt::print("{:<10} {:<28} {:>7} {:>7}  {}\n", "STATUS", "MODEL", "RUNNING", "QUEUED", "STATE MEMORY");
  fmt::print("{:<10} {:<28} {:>7} {:>7}  {} of {}\n", field(ready, "status"), field(ready, "model"),
             field(ready, "running"), field(ready, "queued"), field(ready, "kv_bytes_used"),
             field(ready, "kv_bytes_total"));
  return Status();
}

}  // namespace

void add_ps(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("ps", "Show what the server is doing");
  verb->add_option("--url", options->url, "The server")->capture_default_str();
  verb->add_flag("--json", options->json, "The answer of GET /ready");
  verb->callback([&action, options] { action = [options] { return show_server(*options); }; });
}

}  // namespace understudy
