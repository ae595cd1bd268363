#include "text/jinja/tests.h"

#include <algorithm>

#include "text/jinja/arguments.h"
#include "text/jinja/arithmetic.h"
#include "text/jinja/compare.h"
#include "text/jinja/filters.h"
#include "text/jinja/methods.h"
#include "text/jinja/stringify.h"

namespace understudy::jinja {
namespace {

template <bool (*holds)(const Value&)>
Result<bool> simple(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("test", arguments, {}));
  return holds(value);
}

bool is_defined(const Value& value) { return !value.is<Undefined>(); }
bool is_undefined(const Value& value) { return value.is<Undefined>(); }
bool is_none(const Value& value) { return value.is<None>(); }
bool is_boolean(const Value& value) { return value.is<bool>(); }
bool is_true(const Value& value) { return value.is<bool>() && value.as<bool>(); }
bool is_false(const Value& value) { return value.is<bool>() && !value.as<bool>(); }
bool is_integer(const Value& value) { return value.is<Integer>(); }
bool is_float(const Value& value) { return value.is<Float>(); }
bool is_number(const Value& value) { return value.is_number(); }
bool is_string(const Value& value) { return value.is_text(); }
bool is_mapping(const Value& value) { return value.is<DictPtr>(); }
bool is_callable(const Value& value) {
  return value.is<CallablePtr>() || value.is<LoopPtr>() || value.is<Undefined>();
}
// Has a length and an index operator: strings and dicts too, and Undefined.
bool is_sequence(const Value& value) {
  return value.is<Undefined>() || value.is_text() || value.is<DictPtr>() ||
         (value.is<SequencePtr>() && value.as<SequencePtr>()->indexable());
}
bool is_iterable(const Value& value) {
  return value.is<Undefined>() || value.is_text() || value.is<DictPtr>() || value.is<SequencePtr>() ||
         value.is<LoopPtr>();
}

enum class Relation { equal, not_equal, less, less_equal, greater, greater_equal };

template <Relation relation>
Result<bool> relates(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("test", arguments, {"other"}, 1));
  if constexpr (relation == Relation::equal || relation == Relation::not_equal) {
    ASSIGN_OR_RETURN(const bool same, equal(runtime, value, bound[0]));
    return same == (relation == Relation::equal);
  } else {
    ASSIGN_OR_RETURN(const int order, compare(runtime, value, bound[0]));
    if (relation == Relation::less) return order < 0;
    if (relation == Relation::less_equal) return order <= 0;
    if (relation == Relation::greater) return order > 0;
    return order >= 0;
  }
}

Result<bool> is_in(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("in", arguments, {"seq"}, 1));
  return contains(runtime, bound[0], value);
}

// Python's `is` for what a template can tell apart: constants, and one object named twice.
Result<bool> is_same_as(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("sameas", arguments, {"other"}, 1));
  const Value& other = bound[0];
  if (value.data().index() != other.data().index()) return false;
  if (value.is<SequencePtr>()) return value.as<SequencePtr>() == other.as<SequencePtr>();
  if (value.is<DictPtr>()) return value.as<DictPtr>() == other.as<DictPtr>();
  return equal(runtime, value, other);
}

Result<bool> divides(Runtime& runtime, const Value& value, int64_t divisor, int64_t remainder) {
  ASSIGN_OR_RETURN(const Value rest, arithmetic(runtime, ArithmeticOp::modulo, value, integer(divisor)));
  return equal(runtime, rest, integer(remainder));
}
Result<bool> is_odd(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("odd", arguments, {}));
  return divides(runtime, value, 2, 1);
}
Result<bool> is_even(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("even", arguments, {}));
  return divides(runtime, value, 2, 0);
}
Result<bool> is_divisible_by(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("divisibleby", arguments, {"num"}, 1));
  ASSIGN_OR_RETURN(const int64_t divisor, bound.integer(0));
  return divides(runtime, value, divisor, 0);
}

template <bool upper>
Result<bool> has_case(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("test", arguments, {}));
  ASSIGN_OR_RETURN(const TextPtr text, to_text(runtime, value));
  const auto method = bind_method(text, upper ? "isupper" : "islower");
  ASSIGN_OR_RETURN(const Value result, method->as<CallablePtr>()->call(runtime, {}));
  return result.truthy();
}

Result<bool> is_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("filter", arguments, {}));
  return value.is_text() && find_filter(value.bytes()) != nullptr;
}
Result<bool> is_test(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("test", arguments, {}));
  return value.is_text() && find_test(value.bytes()) != nullptr;
}

struct NamedTest {
  std::string_view name;
  TestFunction test;
};

constexpr NamedTest kTests[] = {
    {"defined", simple<is_defined>},
    {"undefined", simple<is_undefined>},
    {"none", simple<is_none>},
    {"boolean", simple<is_boolean>},
    {"true", simple<is_true>},
    {"false", simple<is_false>},
    {"integer", simple<is_integer>},
    {"float", simple<is_float>},
    {"number", simple<is_number>},
    {"string", simple<is_string>},
    {"mapping", simple<is_mapping>},
    {"sequence", simple<is_sequence>},
    {"iterable", simple<is_iterable>},
    {"callable", simple<is_callable>},
    {"odd", is_odd},
    {"even", is_even},
    {"divisibleby", is_divisible_by},
    {"lower", has_case<false>},
    {"upper", has_case<true>},
    {"in", is_in},
    {"sameas", is_same_as},
    {"filter", is_filter},
    {"test", is_test},
    {"==", relates<Relation::equal>},
    {"eq", relates<Relation::equal>},
    {"equalto", relates<Relation::equal>},
    {"!=", relates<Relation::not_equal>},
    {"ne", relates<Relation::not_equal>},
    {">", relates<Relation::greater>},
    {"gt", relates<Relation::greater>},
    {"greaterthan", relates<Relation::greater>},
    {">=", relates<Relation::greater_equal>},
    {"ge", relates<Relation::greater_equal>},
    {"<", relates<Relation::less>},
    {"lt", relates<Relation::less>},
    {"lessthan", relates<Relation::less>},
    {"<=", relates<Relation::less_equal>},
    {"le", relates<Relation::less_equal>},
};

}  // namespace

TestFunction find_test(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kTests), std::end(kTests), [&](const auto& t) { return t.name == name; });
  return found == std::end(kTests) ? nullptr : found->test;
}

Result<bool> apply_test(Runtime& runtime, std::string_view name, const Value& value,
                        const Arguments& arguments) {
  const TestFunction test = find_test(name);
  if (!test) {
    return Error{ErrorCode::unsupported, "the test '" + std::string(name) + "' is not supported", "", ""};
  }
  return test(runtime, value, arguments);
}

}  // namespace understudy::jinja
