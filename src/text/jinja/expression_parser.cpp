#include "text/jinja/expression_parser.h"

#include <charconv>
#include <cstdlib>

#include "text/jinja/limits.h"

namespace understudy::jinja {

using Kind = Token::Kind;

bool ExpressionParser::skip_symbol(std::string_view symbol) {
  if (!current().is_symbol(symbol)) return false;
  advance();
  return true;
}

bool ExpressionParser::skip_name(std::string_view name) {
  if (!current().is_name(name)) return false;
  advance();
  return true;
}

Error ExpressionParser::unexpected(std::string_view wanted) const {
  static constexpr std::string_view kKinds[] = {
      "text", "", "a string", "a number", "a number", "", "{%", "%}", "{{", "}}", "the end of the template"};
  const Token& token = current();
  const auto kind = kKinds[static_cast<size_t>(token.kind)];
  const std::string found = kind.empty() ? "'" + token.text + "'" : std::string(kind);
  return syntax_error("expected " + std::string(wanted) + ", found " + found, token.at);
}

Status ExpressionParser::expect_symbol(std::string_view symbol) {
  if (!skip_symbol(symbol)) return unexpected("'" + std::string(symbol) + "'");
  return {};
}

Status ExpressionParser::expect(Kind kind, std::string_view what) {
  if (!current().is(kind)) return unexpected(what);
  advance();
  return {};
}

Result<std::string> ExpressionParser::expect_identifier() {
  if (!current().is(Kind::name)) return unexpected("a name");
  std::string name = current().text;
  advance();
  return name;
}

Status ExpressionParser::enter() {
  if (++depth_ <= kMaxParseDepth) return {};
  return Error{
      ErrorCode::unsupported,
      "the chat template nests blocks and brackets more than " + std::to_string(kMaxParseDepth) + " deep",
      describe(current().at), ""};
}

Result<ExpressionPtr> ExpressionParser::tuple(bool with_conditional) {
  const Position at = current().at;
  ASSIGN_OR_RETURN(const ExpressionPtr first, expression(with_conditional));
  if (!current().is_symbol(",")) return first;
  std::vector<ExpressionPtr> items{first};
  while (skip_symbol(",")) {
    const Token& token = current();
    if (token.is(Kind::print_end) || token.is(Kind::block_end) || token.is_symbol(")")) break;
    ASSIGN_OR_RETURN(const ExpressionPtr item, expression(with_conditional));
    items.push_back(item);
  }
  return make(at, ListLiteral{std::move(items), true});
}

Result<ExpressionPtr> ExpressionParser::expression(bool with_conditional) {
  RETURN_IF_ERROR(enter());
  auto result = with_conditional ? conditional() : logical_or();
  leave();
  return result;
}

Result<ExpressionPtr> ExpressionParser::conditional() {
  const Position at = current().at;
  ASSIGN_OR_RETURN(ExpressionPtr value, logical_or());
  while (skip_name("if")) {
    ASSIGN_OR_RETURN(const ExpressionPtr test, logical_or());
    ExpressionPtr otherwise = nullptr;
    if (skip_name("else")) {
      ASSIGN_OR_RETURN(otherwise, expression());
    }
    value = make(at, Conditional{test, value, otherwise});
  }
  return value;
}

Result<ExpressionPtr> ExpressionParser::logical_or() {
  ASSIGN_OR_RETURN(ExpressionPtr left, logical_and());
  while (current().is_name("or")) {
    const Position at = current().at;
    advance();
    ASSIGN_OR_RETURN(const ExpressionPtr right, logical_and());
    left = make(at, Logical{false, left, right});
  }
  return left;
}

Result<ExpressionPtr> ExpressionParser::logical_and() {
  ASSIGN_OR_RETURN(ExpressionPtr left, logical_not());
  while (current().is_name("and")) {
    const Position at = current().at;
    advance();
    ASSIGN_OR_RETURN(const ExpressionPtr right, logical_not());
    left = make(at, Logical{true, left, right});
  }
  return left;
}

Result<ExpressionPtr> ExpressionParser::logical_not() {
  const Position at = current().at;
  if (!skip_name("not")) return comparison();
  RETURN_IF_ERROR(enter());
  ASSIGN_OR_RETURN(const ExpressionPtr operand, logical_not());
  leave();
  return make(at, Not{operand});
}

std::optional<Comparison> ExpressionParser::comparison_operator() {
  static constexpr std::pair<std::string_view, Comparison> kOperators[] = {
      {"==", Comparison::equal},      {"!=", Comparison::not_equal}, {"<", Comparison::less},
      {"<=", Comparison::less_equal}, {">", Comparison::greater},    {">=", Comparison::greater_equal}};
  for (const auto& [symbol, comparison] : kOperators) {
    if (skip_symbol(symbol)) return comparison;
  }
  if (skip_name("in")) return Comparison::in;
  if (current().is_name("not") && look_ahead().is_name("in")) {
    advance();
    advance();
    return Comparison::not_in;
  }
  return std::nullopt;
}

Result<ExpressionPtr> ExpressionParser::comparison() {
  const Position at = current().at;
  ASSIGN_OR_RETURN(const ExpressionPtr first, arithmetic_level(0));
  std::vector<std::pair<Comparison, ExpressionPtr>> rest;
  while (const auto comparison = comparison_operator()) {
    ASSIGN_OR_RETURN(const ExpressionPtr operand, arithmetic_level(0));
    rest.emplace_back(*comparison, operand);
  }
  if (rest.empty()) return first;
  return make(at, Compare{first, std::move(rest)});
}

// Levels, loosest first: + -, then ~ (concatenation), then * / // %, then **. All group from the left.
Result<ExpressionPtr> ExpressionParser::arithmetic_level(int level) {
  static constexpr struct {
    std::string_view symbol;
    ArithmeticOp op;
    int level;
  } kOperators[] = {{"+", ArithmeticOp::add, 0},           {"-", ArithmeticOp::subtract, 0},
                    {"*", ArithmeticOp::multiply, 1},      {"/", ArithmeticOp::divide, 1},
                    {"//", ArithmeticOp::floor_divide, 1}, {"%", ArithmeticOp::modulo, 1},
                    {"**", ArithmeticOp::power, 2}};
  const auto operand = [&] {
    return level == 0 ? concatenation() : level == 1 ? arithmetic_level(2) : unary();
  };
  ASSIGN_OR_RETURN(ExpressionPtr left, operand());
  for (bool found = true; found;) {
    found = false;
    for (const auto& candidate : kOperators) {
      const Position at = current().at;
      if (candidate.level != level || !skip_symbol(candidate.symbol)) continue;
      ASSIGN_OR_RETURN(const ExpressionPtr right, operand());
      left = make(at, Arithmetic{candidate.op, left, right});
      found = true;
      break;
    }
  }
  return left;
}

Result<ExpressionPtr> ExpressionParser::concatenation() {
  const Position at = current().at;
  ASSIGN_OR_RETURN(const ExpressionPtr first, arithmetic_level(1));
  std::vector<ExpressionPtr> parts{first};
  while (skip_symbol("~")) {
    ASSIGN_OR_RETURN(const ExpressionPtr part, arithmetic_level(1));
    parts.push_back(part);
  }
  if (parts.size() == 1) return first;
  return make(at, Concat{std::move(parts)});
}

Result<ExpressionPtr> ExpressionParser::unary(bool with_filter) {
  const Position at = current().at;
  const bool negative = current().is_symbol("-");
  ExpressionPtr value = nullptr;
  if (negative || current().is_symbol("+")) {
    advance();
    RETURN_IF_ERROR(enter());
    ASSIGN_OR_RETURN(const ExpressionPtr operand, unary(false));
    leave();
    value = make(at, Sign{operand, negative});
  } else {
    ASSIGN_OR_RETURN(value, primary());
  }
  ASSIGN_OR_RETURN(value, postfix(value));
  if (!with_filter) return value;
  return filters_and_tests(value);
}

Result<ExpressionPtr> ExpressionParser::primary() {
  const Token& token = current();
  if (token.is(Kind::name)) return name_or_constant();
  if (token.is(Kind::string)) return string();
  if (token.is(Kind::integer) || token.is(Kind::floating)) return number();
  if (token.is_symbol("(")) return parenthesized();
  if (token.is_symbol("[")) return list();
  if (token.is_symbol("{")) return dict();
  return unexpected("an expression");
}

Result<ExpressionPtr> ExpressionParser::name_or_constant() {
  const Token& token = current();
  advance();
  const std::string& name = token.text;
  if (name == "true" || name == "True") return make(token.at, Constant{true});
  if (name == "false" || name == "False") return make(token.at, Constant{false});
  if (name == "none" || name == "None") return make(token.at, Constant{None{}});
  special_names.caller = special_names.caller || name == "caller";
  special_names.varargs = special_names.varargs || name == "varargs";
  special_names.kwargs = special_names.kwargs || name == "kwargs";
  return make(token.at, Name{name});
}

Result<ExpressionPtr> ExpressionParser::string() {
  const Position at = current().at;
  std::string text;
  for (; current().is(Kind::string); advance()) text += current().text;  // 'a' 'b' is 'ab'
  return make(at, Constant{trusted_text(std::move(text))});
}

Result<ExpressionPtr> ExpressionParser::number() {
  const Token& token = current();
  advance();
  if (token.is(Kind::floating))
    return make(token.at, Constant{Float{std::strtod(token.text.c_str(), nullptr)}});
  int64_t value = 0;
  const auto parsed = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
  if (parsed.ec != std::errc()) return unsupported_error("an integer above 2^63 - 1", token.at);
  return make(token.at, Constant{integer(value)});
}

Result<ExpressionPtr> ExpressionParser::parenthesized() {
  const Position at = current().at;
  advance();
  if (skip_symbol(")")) return make(at, ListLiteral{{}, true});
  ASSIGN_OR_RETURN(const ExpressionPtr value, tuple());
  RETURN_IF_ERROR(expect_symbol(")"));
  return value;
}

Result<ExpressionPtr> ExpressionParser::list() {
  const Position at = current().at;
  advance();
  std::vector<ExpressionPtr> items;
  while (!current().is_symbol("]")) {
    if (!items.empty()) RETURN_IF_ERROR(expect_symbol(","));
    if (current().is_symbol("]")) break;
    ASSIGN_OR_RETURN(const ExpressionPtr item, expression());
    items.push_back(item);
  }
  advance();
  return make(at, ListLiteral{std::move(items)});
}

Result<ExpressionPtr> ExpressionParser::dict() {
  const Position at = current().at;
  advance();
  DictLiteral dict;
  while (!current().is_symbol("}")) {
    if (!dict.entries.empty()) RETURN_IF_ERROR(expect_symbol(","));
    if (current().is_symbol("}")) break;
    ASSIGN_OR_RETURN(const ExpressionPtr key, expression());
    RETURN_IF_ERROR(expect_symbol(":"));
    ASSIGN_OR_RETURN(const ExpressionPtr value, expression());
    dict.entries.emplace_back(key, value);
  }
  advance();
  return make(at, std::move(dict));
}

Result<ExpressionPtr> ExpressionParser::postfix(ExpressionPtr object) {
  while (true) {
    if (current().is_symbol(".")) {
      ASSIGN_OR_RETURN(object, attribute(object));
    } else if (current().is_symbol("[")) {
      ASSIGN_OR_RETURN(object, subscript(object));
    } else if (current().is_symbol("(")) {
      ASSIGN_OR_RETURN(ArgumentList given, arguments());
      object = make(object->at, Call{object, std::move(given)});
    } else {
      return object;
    }
  }
}

Result<ExpressionPtr> ExpressionParser::attribute(ExpressionPtr object) {
  const Position at = current().at;
  advance();
  if (current().is(Kind::integer)) {  // items.0
    ASSIGN_OR_RETURN(const ExpressionPtr key, number());
    return make(at, Subscript{object, key});
  }
  ASSIGN_OR_RETURN(std::string name, expect_identifier());
  return make(at, Attribute{object, std::move(name)});
}

Result<ExpressionPtr> ExpressionParser::subscript(ExpressionPtr object) {
  const Position at = current().at;
  advance();
  ExpressionPtr bounds[3] = {nullptr, nullptr, nullptr};
  size_t colons = 0;
  while (!current().is_symbol("]")) {
    if (current().is_symbol(":") && colons < 2) {
      advance();
      ++colons;
    } else if (bounds[colons] || current().is_symbol(",")) {
      return unsupported_error("an index of several parts", current().at);
    } else {
      ASSIGN_OR_RETURN(bounds[colons], expression());
    }
  }
  if (colons == 0 && !bounds[0]) return unexpected("an index");
  advance();
  if (colons == 0) return make(at, Subscript{object, bounds[0]});
  return make(at, Slice{object, bounds[0], bounds[1], bounds[2]});
}

Result<ArgumentList> ExpressionParser::arguments() {
  ArgumentList list;
  RETURN_IF_ERROR(expect_symbol("("));
  for (bool first = true; !current().is_symbol(")"); first = false) {
    if (!first) RETURN_IF_ERROR(expect_symbol(","));
    if (current().is_symbol(")")) break;
    if (current().is_symbol("*") || current().is_symbol("**")) {
      return unsupported_error("an argument list in * or **", current().at);
    }
    if (current().is(Kind::name) && look_ahead().is_symbol("=")) {
      std::string name = current().text;
      advance();
      advance();
      ASSIGN_OR_RETURN(const ExpressionPtr value, expression());
      list.named.emplace_back(std::move(name), value);
    } else {
      if (!list.named.empty()) return unexpected("a named argument");
      ASSIGN_OR_RETURN(const ExpressionPtr value, expression());
      list.positional.push_back(value);
    }
  }
  advance();
  return list;
}

Result<Application> ExpressionParser::application() {
  Application result;
  result.at = current().at;
  ASSIGN_OR_RETURN(result.name, expect_identifier());
  if (current().is_symbol("(")) {
    ASSIGN_OR_RETURN(result.arguments, arguments());
  }
  return result;
}

Result<std::vector<Application>> ExpressionParser::filters() {
  std::vector<Application> list;
  while (skip_symbol("|")) {
    ASSIGN_OR_RETURN(Application filter, application());
    list.push_back(std::move(filter));
  }
  return list;
}

Result<ExpressionPtr> ExpressionParser::filters_and_tests(ExpressionPtr input) {
  while (true) {
    const Position at = current().at;
    if (skip_symbol("|")) {
      ASSIGN_OR_RETURN(Application filter, application());
      input = make(at, Filter{input, std::move(filter)});
    } else if (skip_name("is")) {
      ASSIGN_OR_RETURN(input, test(input));
    } else if (current().is_symbol("(")) {
      ASSIGN_OR_RETURN(ArgumentList given, arguments());
      input = make(input->at, Call{input, std::move(given)});
    } else {
      return input;
    }
  }
}

// After `is`. One argument may follow without parentheses: `x is divisibleby 3`.
Result<ExpressionPtr> ExpressionParser::test(ExpressionPtr input) {
  const Position at = current().at;
  const bool negated = skip_name("not");
  ASSIGN_OR_RETURN(Application test, application());
  const Token& next = current();
  const bool keyword =
      next.is_name("else") || next.is_name("or") || next.is_name("and") || next.is_name("is");
  const bool starts_value = next.is(Kind::name) || next.is(Kind::string) || next.is(Kind::integer) ||
                            next.is(Kind::floating) || next.is_symbol("[") || next.is_symbol("{");
  const bool has_arguments = !test.arguments.positional.empty() || !test.arguments.named.empty();
  if (starts_value && !keyword && !has_arguments) {
    RETURN_IF_ERROR(enter());
    ASSIGN_OR_RETURN(ExpressionPtr argument, primary());
    ASSIGN_OR_RETURN(argument, postfix(argument));
    leave();
    test.arguments.positional.push_back(argument);
  }
  const ExpressionPtr result = make(at, Test{input, std::move(test)});
  return negated ? make(at, Not{result}) : result;
}

}  // namespace understudy::jinja
