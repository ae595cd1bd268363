#include <fmt/format.h>

#include <functional>
#include <set>

#include "app/demo/questions.h"
#include "base/json.h"

namespace understudy {
namespace {

namespace json = boost::json;

Status for_each_line(std::string_view lines, const std::function<bool(const json::object&)>& take) {
  size_t number = 0;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    ++number;
    if (line.empty()) continue;
    const auto row = parse_json(line);
    if (!row.ok() || !row->is_object() || !take(row->get_object())) {
      return Error{ErrorCode::corrupt, "a line of the data is not a question", fmt::format("line {}", number),
                   ""};
    }
  }
  return Status();
}

// The member's text; empty if there is none.
std::string text_of(const json::object& row, std::string_view key) {
  const json::value* value = row.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

}  // namespace

Result<std::vector<DemoQuestion>> bank_questions(std::string_view json_lines) {
  std::vector<DemoQuestion> questions;
  std::set<std::string> seen;
  RETURN_IF_ERROR(for_each_line(json_lines, [&](const json::object& row) {
    const std::string text = text_of(row, "question"), intent = text_of(row, "answer");
    if (text.empty() || intent.empty()) return false;
    if (seen.insert(text).second) questions.push_back({text, intent, intent, ""});
    return true;
  }));
  return questions;
}

Result<std::vector<std::string>> other_questions(std::string_view json_lines) {
  std::vector<std::string> questions;
  RETURN_IF_ERROR(for_each_line(json_lines, [&](const json::object& row) {
    questions.push_back(text_of(row, "question"));
    return !questions.back().empty();
  }));
  return questions;
}

}  // namespace understudy
