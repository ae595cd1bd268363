#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "text/jinja/arguments.h"
#include "text/jinja/arithmetic.h"
#include "text/jinja/filters.h"
#include "text/jinja/text_ops.h"

namespace understudy::jinja {
namespace {

// What Python's int(str) and float(str) accept: surrounding white space, a sign, single underscores between
// digits.
std::optional<std::string> normal_number(std::string_view text) {
  while (!text.empty() && std::string_view(" \t\n\r\f\v").find(text.front()) != std::string_view::npos)
    text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\n\r\f\v").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  if (text.starts_with('+') && text.substr(1, 1) != "-") text.remove_prefix(1);
  const auto digit = [&](size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
    } else if (i == 0 || !digit(i - 1) || !digit(i + 1)) {
      return std::nullopt;
    }
  }
  return plain;
}

template <typename Number>
std::optional<Number> parse(std::string_view text) {
  const auto plain = normal_number(text);
  Number number{};
  if (!plain) return std::nullopt;
  const auto [end, error] = std::from_chars(plain->data(), plain->data() + plain->size(), number);
  if (error != std::errc() || end != plain->data() + plain->size()) return std::nullopt;
  return number;
}

Result<Value> truncated(double number, bool untrusted) {
  if (!(std::abs(number) < 0x1p63)) return type_error("int(): the number does not fit 64 bits");
  return integer(static_cast<int64_t>(number), untrusted);
}

Result<Value> int_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("int", arguments, {"default", "base"}));
  ASSIGN_OR_RETURN(const int64_t base, bound.integer(1, 10));
  if (base != 10) return Error{ErrorCode::unsupported, "int() with a base is not supported", "", ""};
  if (value.is<Undefined>()) return type_error(*value.as<Undefined>().why);
  if (value.is_integral()) return integer(value.integer(), value.tainted_number());
  if (value.is<Float>()) return truncated(value.number(), value.tainted_number());
  if (value.is_text()) {
    RETURN_IF_ERROR(runtime.spend_bytes(value.bytes().size()));
    if (const auto number = parse<int64_t>(value.bytes())) return integer(*number, is_tainted(value.text()));
    const auto number = parse<double>(value.bytes());
    if (number && std::isfinite(*number)) return truncated(*number, is_tainted(value.text()));
  }
  return bound.has(0) ? bound[0] : integer(0);
}

Result<Value> float_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("float", arguments, {"default"}));
  if (value.is<Undefined>()) return type_error(*value.as<Undefined>().why);
  if (value.is_number()) return Value(Float{value.number(), value.tainted_number()});
  if (value.is_text()) {
    RETURN_IF_ERROR(runtime.spend_bytes(value.bytes().size()));
    if (const auto number = parse<double>(value.bytes()))
      return Value(Float{*number, is_tainted(value.text())});
  }
  return bound.has(0) ? bound[0] : Value(Float{0});
}

Result<Value> abs_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("abs", arguments, {}));
  if (!value.is_number())
    return type_error("abs() needs a number, not '" + std::string(value.type_name()) + "'");
  const bool negative = value.is<Float>() ? std::signbit(value.number()) : value.integer() < 0;
  if (negative) return negate(value);
  return value.is<bool>() ? integer(value.integer()) : value;
}

constexpr int64_t kMaxPrecision = 300;

// round(precision=0, method="common"); "common" rounds ties of the exact binary value to even, as Python's
// round().
Result<Value> round_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("round", arguments, {"precision", "method"}));
  ASSIGN_OR_RETURN(const int64_t precision, bound.integer(0, 0));
  if (!value.is_number())
    return type_error("round() needs a number, not '" + std::string(value.type_name()) + "'");
  if (precision < 0 || precision > kMaxPrecision) {
    return Error{ErrorCode::unsupported, "round() with this precision is not supported", "", ""};
  }
  const std::string_view method = bound.has(1) && bound[1].is_text() ? bound[1].bytes() : "common";
  if (method == "common") {
    if (value.is_integral()) return integer(value.integer(), value.tainted_number());
    const int size = std::snprintf(nullptr, 0, "%.*f", static_cast<int>(precision), value.number());
    std::string text(static_cast<size_t>(size) + 1, '\0');
    std::snprintf(text.data(), text.size(), "%.*f", static_cast<int>(precision), value.number());
    return Value(Float{std::strtod(text.c_str(), nullptr), value.tainted_number()});
  }
  if (method != "ceil" && method != "floor")
    return type_error("round(): the method must be common, ceil or floor");
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = value.number() * scale;
  return Value(
      Float{(method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale, value.tainted_number()});
}

constexpr NamedFilter kNumberFilters[] = {
    {"int", int_filter}, {"float", float_filter}, {"abs", abs_filter}, {"round", round_filter}};

}  // namespace

std::span<const NamedFilter> number_filters() { return kNumberFilters; }

}  // namespace understudy::jinja
