#include "app/chat_input.h"

#include <fmt/format.h>

#include <charconv>

namespace understudy {
namespace {

constexpr std::string_view kQuotes = "\"\"\"";

struct Parameter {
  const char* name;
  double smallest, largest;
  bool whole;
  double (*get)(const ChatOptions&);
  void (*set)(ChatOptions&, double);
};

constexpr Parameter kParameters[] = {
    {"temperature", 0, 2, false, [](const ChatOptions& o) -> double { return o.sampling.temperature; },
     [](ChatOptions& o, double value) { o.sampling.temperature = static_cast<float>(value); }},
    {"top_p", 0, 1, false, [](const ChatOptions& o) -> double { return o.sampling.top_p; },
     [](ChatOptions& o, double value) { o.sampling.top_p = static_cast<float>(value); }},
    {"top_k", 0, 1000, true, [](const ChatOptions& o) -> double { return o.sampling.top_k; },
     [](ChatOptions& o, double value) { o.sampling.top_k = static_cast<int>(value); }},
    {"min_p", 0, 1, false, [](const ChatOptions& o) -> double { return o.sampling.min_p; },
     [](ChatOptions& o, double value) { o.sampling.min_p = static_cast<float>(value); }},
    {"repetition_penalty", 0.1, 10, false,
     [](const ChatOptions& o) -> double { return o.sampling.repetition_penalty; },
     [](ChatOptions& o, double value) { o.sampling.repetition_penalty = static_cast<float>(value); }},
    {"seed", 0, 4294967295, true,
     [](const ChatOptions& o) -> double { return static_cast<double>(o.sampling.seed); },
     [](ChatOptions& o, double value) { o.sampling.seed = static_cast<uint64_t>(value); }},
    {"max_tokens", 1, 1 << 20, true, [](const ChatOptions& o) -> double { return o.max_tokens; },
     [](ChatOptions& o, double value) { o.max_tokens = static_cast<int>(value); }},
};

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

}  // namespace

std::optional<std::string> MessageReader::add(std::string line) {
  if (!is_inside() && line.starts_with(kQuotes)) {
    quoted_ = true;
    line.erase(0, kQuotes.size());
    if (line.empty()) return std::nullopt;  // the text begins on the next line
  }
  bool complete = true;
  if (quoted_) {
    complete = line.ends_with(kQuotes);
    if (complete) line.resize(line.size() - kQuotes.size());
    if (complete && line.empty() && text_.ends_with('\n')) text_.pop_back();  // the quotes' own line
  } else if (line.ends_with('\\')) {
    complete = false;
    line.pop_back();
  }
  text_ += line;
  if (!complete) {
    text_ += '\n';
    continued_ = true;
    return std::nullopt;
  }
  std::string message = std::move(text_);
  reset();
  return message;
}

Status set_parameter(ChatOptions& options, std::string_view assignment) {
  assignment = trimmed(assignment);
  const size_t space = std::min(assignment.find_first_of(" \t="), assignment.size());
  const std::string_view name = assignment.substr(0, space);
  const std::string_view text = trimmed(assignment.substr(std::min(space + 1, assignment.size())));
  for (const Parameter& parameter : kParameters) {
    if (parameter.name != name) continue;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool good = error == std::errc() && end == text.data() + text.size() &&
                      value >= parameter.smallest && value <= parameter.largest &&
                      (!parameter.whole || value == static_cast<double>(static_cast<int64_t>(value)));
    if (!good) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("not a value of {}: {:?}", name, text.substr(0, 40)), "",
                   fmt::format("Give a {}number from {} to {}", parameter.whole ? "whole " : "",
                               parameter.smallest, parameter.largest)};
    }
    parameter.set(options, value);
    return Status();
  }
  std::string names;
  for (const Parameter& parameter : kParameters) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", parameter.name);
  }
  return Error{ErrorCode::invalid_argument, fmt::format("no parameter {:?}", name.substr(0, 40)), "",
               "There are " + names};
}

std::string parameter_list(const ChatOptions& options) {
  std::string text;
  for (const Parameter& parameter : kParameters) {
    text += fmt::format("  {:<20} {}\n", parameter.name, static_cast<float>(parameter.get(options)));
  }
  return text;
}

}  // namespace understudy
