#include "text/jinja/arithmetic.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/checked.h"
#include "text/jinja/format.h"
#include "text/jinja/markup.h"

namespace understudy::jinja {
namespace {

constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "**"};

Error no_operator(ArithmeticOp op, const Value& a, const Value& b) {
  if (a.is<Undefined>()) return type_error(*a.as<Undefined>().why);
  if (b.is<Undefined>()) return type_error(*b.as<Undefined>().why);
  return type_error("operator " + std::string(kSymbols[static_cast<int>(op)]) + " does not work on '" +
                    std::string(a.type_name()) + "' and '" + std::string(b.type_name()) + "'");
}

Error too_large() { return type_error("the result of a calculation does not fit 64 bits"); }

// Rounds towards minus infinity, as Python does.
int64_t floor_divide(int64_t a, int64_t b) { return a / b - int64_t{a % b != 0 && (a < 0) != (b < 0)}; }

std::optional<int64_t> integer_power(int64_t base, int64_t exponent) {
  std::optional<int64_t> result = 1;
  if (base == 0 || base == 1) return exponent == 0 ? 1 : base;
  if (base == -1) return exponent % 2 == 0 ? 1 : -1;
  for (; exponent > 0 && result; --exponent) result = checked_mul(*result, base);  // at most 63 rounds
  return result;
}

Result<Value> integers(ArithmeticOp op, int64_t a, int64_t b, bool untrusted) {
  std::optional<int64_t> result;
  switch (op) {
    case ArithmeticOp::add:
      result = checked_add(a, b);
      break;
    case ArithmeticOp::subtract: {
      int64_t difference = 0;
      if (!__builtin_sub_overflow(a, b, &difference)) result = difference;
      break;
    }
    case ArithmeticOp::multiply:
      result = checked_mul(a, b);
      break;
    case ArithmeticOp::power:
      result = integer_power(a, b);
      break;
    case ArithmeticOp::floor_divide:
    case ArithmeticOp::modulo:
      if (b == -1 && a == INT64_MIN) return too_large();
      result = op == ArithmeticOp::modulo ? a - floor_divide(a, b) * b : floor_divide(a, b);
      break;
    case ArithmeticOp::divide:
      break;  // always a float
  }
  if (!result) return too_large();
  return integer(*result, untrusted);
}

Result<Value> floats(ArithmeticOp op, double a, double b, bool untrusted) {
  double result = 0;
  switch (op) {
    case ArithmeticOp::add:
      result = a + b;
      break;
    case ArithmeticOp::subtract:
      result = a - b;
      break;
    case ArithmeticOp::multiply:
      result = a * b;
      break;
    case ArithmeticOp::divide:
      result = a / b;
      break;
    case ArithmeticOp::floor_divide:
      result = std::floor(a / b);
      break;
    case ArithmeticOp::modulo:
      result = std::fmod(a, b);
      if (result != 0 && (result < 0) != (b < 0)) result += b;
      break;
    case ArithmeticOp::power:
      result = std::pow(a, b);
      if (std::isnan(result) && !std::isnan(a) && !std::isnan(b)) {
        return Error{ErrorCode::unsupported, "complex numbers are not supported", "", ""};
      }
      if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) return too_large();
      break;
  }
  return Value(Float{result, untrusted});
}

Result<Value> numbers(ArithmeticOp op, const Value& a, const Value& b) {
  const bool untrusted = a.tainted_number() || b.tainted_number();
  const bool divides =
      op == ArithmeticOp::divide || op == ArithmeticOp::floor_divide || op == ArithmeticOp::modulo;
  const bool negative_power = op == ArithmeticOp::power && b.number() < 0;
  if ((divides && b.number() == 0) || (negative_power && a.number() == 0))
    return type_error("division by zero");
  if (a.is_integral() && b.is_integral() && op != ArithmeticOp::divide && !negative_power) {
    return integers(op, a.integer(), b.integer(), untrusted);
  }
  return floats(op, a.number(), b.number(), untrusted);
}

// text * count, list * count; count below zero counts as zero. The cost is taken before anything is built.
Result<Value> repeat(Runtime& runtime, const Value& value, int64_t count) {
  const size_t times = static_cast<size_t>(std::max<int64_t>(count, 0));
  if (value.is_text()) {
    const size_t bytes = checked_mul(times, value.bytes().size()).value_or(SIZE_MAX);
    RETURN_IF_ERROR(runtime.spend_bytes(bytes));
    TextBuilder out;
    for (size_t i = 0; i < times && bytes > 0 && !out.overflowed(); ++i) out.append(value.text());
    return runtime.finish(out);
  }
  const Sequence& sequence = *value.as<SequencePtr>();
  const size_t size = checked_mul(times, sequence.items.size()).value_or(SIZE_MAX);
  RETURN_IF_ERROR(runtime.spend(size));
  std::vector<Value> items;
  for (size_t i = 0; i < times && size > 0; ++i) {
    items.insert(items.end(), sequence.items.begin(), sequence.items.end());
  }
  return runtime.sequence(std::move(items), sequence.kind);
}

bool is_list_or_tuple(const Value& value) {
  return value.is<SequencePtr>() && (value.as<SequencePtr>()->kind == Sequence::Kind::list ||
                                     value.as<SequencePtr>()->kind == Sequence::Kind::tuple);
}

Result<Value> concatenate(Runtime& runtime, const Value& a, const Value& b) {
  if (a.is_text()) {
    TextBuilder out;
    out.append(a.text());
    out.append(b.text());
    return runtime.finish(out);
  }
  const auto& left = *a.as<SequencePtr>();
  const auto& right = *b.as<SequencePtr>();
  RETURN_IF_ERROR(runtime.spend(left.items.size() + right.items.size()));
  std::vector<Value> items = left.items;
  items.insert(items.end(), right.items.begin(), right.items.end());
  return runtime.sequence(std::move(items), left.kind);
}

}  // namespace

Result<Value> arithmetic(Runtime& runtime, ArithmeticOp op, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return numbers(op, a, b);
  if (op == ArithmeticOp::add) {
    const bool lists =
        is_list_or_tuple(a) && is_list_or_tuple(b) && a.as<SequencePtr>()->kind == b.as<SequencePtr>()->kind;
    const bool texts = a.is_text() && b.is_text();
    if (texts && (a.is_markup() || b.is_markup())) return add_markup(runtime, a, b);
    if (lists || texts) return concatenate(runtime, a, b);
  }
  if (op == ArithmeticOp::multiply) {
    if ((a.is_text() || is_list_or_tuple(a)) && b.is_integral())
      return keep_markup(runtime, a, repeat(runtime, a, b.integer()));
    if ((b.is_text() || is_list_or_tuple(b)) && a.is_integral())
      return keep_markup(runtime, b, repeat(runtime, b, a.integer()));
  }
  if (op == ArithmeticOp::modulo && a.is_text()) {
    RETURN_IF_ERROR(refuse_markup(a, "%"));
    return format_percent(runtime, a.text(), b);
  }
  return no_operator(op, a, b);
}

Result<Value> negate(const Value& value) {
  if (value.is<Float>()) return Value(Float{-value.number(), value.tainted_number()});
  if (!value.is_integral())
    return type_error("operator - does not work on '" + std::string(value.type_name()) + "'");
  if (value.integer() == INT64_MIN) return too_large();
  return integer(-value.integer(), value.tainted_number());
}

}  // namespace understudy::jinja
