// Keywords of strings and numbers.
#include <fmt/format.h>

#include "grammar/counted_pattern.h"
#include "grammar/format_language.h"
#include "grammar/number_language.h"
#include "grammar/schema_keywords.h"

namespace understudy {

namespace json = boost::json;

namespace {

Status apply_length(const KeywordStep& step, bool least) {
  ASSIGN_OR_RETURN(uint32_t count, count_of(step, step.keyword));
  SchemaBranch& branch = step.branch();
  if (least && step.positive) {
    branch.low = std::max(branch.low, count);
  } else if (least) {
    if (count == 0) step.die();
    branch.high = std::min(branch.high, count - (count > 0));
  } else if (step.positive) {
    branch.high = std::min(branch.high, count);
  } else {
    branch.low = std::max(branch.low, count + 1);
  }
  return {};
}

}  // namespace

Status apply_string(const KeywordStep& step) {
  if (step.keyword == "minLength" || step.keyword == "maxLength") {
    return apply_length(step, step.keyword == "minLength");
  }
  if (!step.value().is_string()) return step.wrong("a string");
  std::string_view regex = step.value().get_string();
  if (step.keyword == "format") {
    if (step.expander.enforce_formats() && is_unenforceable_format(regex)) {
      step.unsupported(fmt::format("'{}' cannot be enforced", regex));
      return {};
    }
    const auto known = format_pattern(regex);
    if (!known || !step.expander.enforce_formats()) {
      if (!step.positive) step.die();
      return {};
    }
    regex = *known;
  }
  const auto counted = step.positive ? counted_pattern(regex) : std::nullopt;
  if (counted) {
    regex = counted->unbounded;
    step.branch().low = std::max(step.branch().low, counted->low);
    step.branch().high = std::min(step.branch().high, counted->high);
  }
  auto dfa = step.positive ? step.expander.pattern(regex) : step.expander.not_pattern(regex);
  if (!dfa) {
    Error error = dfa.error();
    error.where = step.expander.document().path_of(step.place) + "/" + std::string(step.keyword);
    return error;
  }
  step.branch().languages.push_back(std::move(dfa).value());
  return {};
}

Status apply_number(const KeywordStep& step) {
  const json::value& value = step.value();
  const bool exclusive_flag =
      step.keyword.starts_with("exclusive") && value.is_bool();  // draft 4: of its neighbour
  if (exclusive_flag) {
    if (!step.positive) step.die();
    return {};
  }
  if (!value.is_number()) return step.wrong("a number");
  const Decimal bound = Decimal::of(value);
  std::shared_ptr<const Dfa> dfa;
  if (step.keyword == "multipleOf") {
    if (value.to_number<double>() <= 0) return step.wrong("a number above 0");
    auto language = multiples(bound, step.positive);
    if (!language) {
      step.unsupported("has too many remainders");
      return {};
    }
    dfa = std::make_shared<const Dfa>(std::move(*language));
  } else {
    const bool least = step.keyword == "minimum" || step.keyword == "exclusiveMinimum";
    const json::value* flag = step.schema().if_contains(least ? "exclusiveMinimum" : "exclusiveMaximum");
    const bool exclusive =
        step.keyword.starts_with("exclusive") || (flag && flag->is_bool() && flag->get_bool());
    NumberOrder wanted{!least, !exclusive, least};
    if (!step.positive) wanted = {!wanted.less, !wanted.equal, !wanted.greater};
    dfa = std::make_shared<const Dfa>(compared_numbers(bound, wanted));
  }
  if (!step.expander.budget().spend(dfa->states.size())) return too_complex();
  step.branch().languages.push_back(std::move(dfa));
  return {};
}

}  // namespace understudy
