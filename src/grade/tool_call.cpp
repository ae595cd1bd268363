#include "grade/tool_call.h"

#include <fmt/format.h>

#include "grade/json_equal.h"
#include "grade/limits.h"
#include "grade/read.h"

namespace understudy {
namespace {

namespace json = boost::json;

struct ToolCall {
  std::string name;
  json::value arguments;
};

Error malformed(std::string what) { return {ErrorCode::invalid_argument, std::move(what), "", ""}; }

Result<json::value> read_arguments(const json::object& call) {
  const json::value* arguments = call.if_contains("arguments");
  if (!arguments) return json::value(json::object());
  if (arguments->is_object()) return *arguments;
  if (!arguments->is_string()) return malformed("\"arguments\" are neither an object nor a string");
  auto parsed = read_graded_json(arguments->get_string());
  if (!parsed.ok()) return malformed("\"arguments\": " + parsed.error().message());
  if (!parsed->is_object()) return malformed("\"arguments\" do not hold an object");
  return parsed;
}

Result<ToolCall> read_call(const json::value& value) {
  if (!value.is_object()) return malformed("a tool call is not an object");
  const json::object* call = &value.get_object();
  if (const json::value* function = call->if_contains("function")) {
    if (!function->is_object()) return malformed("\"function\" is not an object");
    call = &function->get_object();
  }
  const json::value* name = call->if_contains("name");
  if (!name || !name->is_string()) return malformed("a tool call has no \"name\"");
  ASSIGN_OR_RETURN(json::value arguments, read_arguments(*call));
  return ToolCall{std::string(name->get_string()), std::move(arguments)};
}

Result<std::vector<ToolCall>> read_calls(std::string_view text) {
  ASSIGN_OR_RETURN(json::value value, read_graded_json(text));
  if (value.is_object()) {
    json::value calls = json::array();  // apart from `value`, which holds the inner one
    if (json::value* inner = value.get_object().if_contains("tool_calls")) {
      calls = std::move(*inner);
    } else {
      calls.get_array().push_back(std::move(value));
    }
    value = std::move(calls);
  }
  if (!value.is_array()) return malformed("not a tool call: " + shown_value(value));
  if (value.get_array().size() > kMaxToolCalls)
    return malformed(fmt::format("more than {} tool calls", kMaxToolCalls));
  std::vector<ToolCall> calls;
  for (const json::value& element : value.get_array()) {
    ASSIGN_OR_RETURN(ToolCall call, read_call(element));
    calls.push_back(std::move(call));
  }
  return calls;
}

// Empty if the calls are the same.
std::string difference(const std::vector<ToolCall>& answer, const std::vector<ToolCall>& truth) {
  if (answer.size() != truth.size()) {
    return fmt::format("expected {} tool calls, found {}", truth.size(), answer.size());
  }
  for (size_t i = 0; i < truth.size(); i++) {
    if (answer[i].name != truth[i].name) {
      return fmt::format("call {}: expected {}, found {}", i + 1, shown_text(truth[i].name),
                         shown_text(answer[i].name));
    }
    const auto found = json_differences(answer[i].arguments, truth[i].arguments, kMaxNamedDifferences);
    if (!found.empty()) return fmt::format("call {}: {}", i + 1, differences_text(found));
  }
  return "";
}

}  // namespace

Result<Grade> grade_tool_call(std::string_view answer, std::string_view truth, const GradeOptions&) {
  auto expected = read_calls(truth);
  if (!expected.ok()) return malformed("the truth: " + expected.error().message());
  auto found = read_calls(answer);
  if (!found.ok()) return malformed_answer(found.error().message());
  const std::string reason = difference(*found, *expected);
  return reason.empty() ? right_answer() : wrong_answer(reason);
}

}  // namespace understudy
