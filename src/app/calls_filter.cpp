#include "app/calls_filter.h"

#include <fmt/format.h>

#include <charconv>

#include "app/home.h"
#include "store/call_id.h"
#include "store/iso_time.h"

namespace understudy {
namespace {

struct Unit {
  char letter;
  int64_t ms;
};
constexpr Unit kUnits[] = {{'s', 1000}, {'m', 60'000}, {'h', 3'600'000}, {'d', 86'400'000}};
constexpr int64_t kMaxAgeCount = 1'000'000;

// "90m" before now, or a date and time.
Result<std::optional<int64_t>> time_of(const std::optional<std::string>& text, const char* option) {
  if (!text) return std::optional<int64_t>();
  if (const auto time = parse_iso_ms(*text)) return time;
  int64_t count = 0;
  const char* end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, count);
  for (const Unit& unit : kUnits) {
    if (error == std::errc() && at + 1 == end && *at == unit.letter && count >= 0 && count <= kMaxAgeCount) {
      return std::optional(unix_ms_now() - count * unit.ms);
    }
  }
  return Error{ErrorCode::invalid_argument, fmt::format("'{}' is no time", *text), option,
               "Give an age (30s, 90m, 12h, 7d) or a time (2026-01-31, 2026-01-31T12:00Z)"};
}

}  // namespace

void add_filter_options(CLI::App* verb, CallFilterOptions& options) {
  verb->add_option("--project", options.project, "Of this project ('' is the default project)");
  verb->add_option("--task", options.task, "Of this task ('': of none)");
  verb->add_option("--model", options.model, "For which this model was asked");
  verb->add_option("--origin", options.origin, "Answered by: incumbent, local or person");
  verb->add_option("--session", options.session, "Of this session");
  verb->add_option("--tag", options.tag, "With this tag");
  verb->add_option("--status", options.status, "With this HTTP status");
  verb->add_option("--since", options.since,
                   "From then on: an age (90m, 12h, 7d) or a time (2026-01-31T12:00Z)");
  verb->add_option("--until", options.until, "Before then");
}

Result<CallFilter> filter_of(const CallFilterOptions& options) {
  CallFilter filter;
  filter.project = options.project;
  filter.task = options.task;
  filter.model = options.model;
  filter.session = options.session;
  filter.tag = options.tag;
  filter.status = options.status;
  ASSIGN_OR_RETURN(filter.since_ms, time_of(options.since, "--since"));
  ASSIGN_OR_RETURN(filter.until_ms, time_of(options.until, "--until"));
  if (options.origin) {
    filter.origin = origin_named(*options.origin);
    if (!filter.origin) {
      return Error{ErrorCode::invalid_argument, fmt::format("there is no origin '{}'", *options.origin),
                   "--origin", "There are: incumbent, local, person"};
    }
  }
  return filter;
}

Result<std::unique_ptr<Store>> open_ledger_of_user() {
  ASSIGN_OR_RETURN(const std::string path, ledger_path());
  return Store::open(path);
}

}  // namespace understudy
