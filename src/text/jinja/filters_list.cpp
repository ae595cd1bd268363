#include <algorithm>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/arithmetic.h"
#include "text/jinja/characters.h"
#include "text/jinja/filters.h"
#include "text/jinja/stringify.h"
#include "text/jinja/tests.h"

namespace understudy::jinja {
namespace {

using Kind = Sequence::Kind;

Result<Value> default_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("default", arguments, {"default_value", "boolean"}));
  const bool replace = value.is<Undefined>() || (bound.truthy(1) && !value.truthy());
  if (!replace) return value;
  return bound.has(0) ? bound[0] : trusted_text("");
}

Result<Value> length_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("length", arguments, {}));
  if (value.is<Undefined>()) return integer(0);
  if (value.is<DictPtr>()) return integer(static_cast<int64_t>(value.as<DictPtr>()->entries.size()));
  if (value.is<LoopPtr>()) return integer(static_cast<int64_t>(value.as<LoopPtr>()->items.size()));
  if (value.is_text()) {
    RETURN_IF_ERROR(runtime.spend_bytes(value.bytes().size()));
    return integer(static_cast<int64_t>(count_chars(value.bytes())));
  }
  if (value.is<SequencePtr>() && value.as<SequencePtr>()->kind != Kind::generator) {
    return integer(static_cast<int64_t>(value.as<SequencePtr>()->items.size()));
  }
  return type_error("'" + std::string(value.type_name()) + "' has no length");
}

Result<Value> first_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("first", arguments, {}));
  if (value.is<SequencePtr>()) {
    const Sequence& sequence = *value.as<SequencePtr>();
    if (sequence.consumed == sequence.items.size()) return undefined("the sequence is empty");
    return sequence.items[sequence.kind == Kind::generator ? sequence.consumed++ : 0];
  }
  ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime, value));
  return items.empty() ? undefined("the sequence is empty") : items.front();
}

Result<Value> last_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("last", arguments, {}));
  if (value.is<SequencePtr>() && value.as<SequencePtr>()->kind == Kind::generator) {
    return type_error("last(): a generator cannot be reversed; use | list | last");
  }
  ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime, value));
  return items.empty() ? undefined("the sequence is empty") : items.back();
}

Result<Value> list_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("list", arguments, {}));
  ASSIGN_OR_RETURN(std::vector<Value> items, iterate(runtime, value));
  return runtime.sequence(std::move(items));
}

Result<Value> items_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("items", arguments, {}));
  if (value.is<Undefined>()) return runtime.sequence({}, Kind::generator);
  if (!value.is<DictPtr>())
    return type_error("items() needs a dict, not '" + std::string(value.type_name()) + "'");
  std::vector<Value> items;
  for (const auto& [key, member] : value.as<DictPtr>()->entries) {
    ASSIGN_OR_RETURN(Value pair, runtime.sequence({key, member}, Kind::tuple));
    items.push_back(std::move(pair));
  }
  return runtime.sequence(std::move(items), Kind::generator);
}

Result<Value> reverse_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("reverse", arguments, {}));
  if (value.is_text()) return get_slice(runtime, value, None{}, None{}, integer(-1));
  ASSIGN_OR_RETURN(std::vector<Value> items, iterate(runtime, value));
  std::reverse(items.begin(), items.end());
  return runtime.sequence(std::move(items), Kind::generator);
}

Result<Value> join_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("join", arguments, {"d", "attribute"}));
  ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime, value));
  TextBuilder out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0 && bound.has(0)) RETURN_IF_ERROR(append_text(runtime, out, bound[0]));
    const bool by_attribute = bound.has(1) && !bound[1].is<None>();
    ASSIGN_OR_RETURN(const Value item,
                     by_attribute ? get_path(runtime, items[i], bound[1]) : Result<Value>(items[i]));
    RETURN_IF_ERROR(append_text(runtime, out, item));
  }
  return runtime.finish(out);
}

Result<Value> sum_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("sum", arguments, {"attribute", "start"}));
  ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime, value));
  Value total = bound.has(1) ? bound[1] : integer(0);
  if (total.is_text()) return type_error("sum() cannot sum strings");
  for (const Value& item : items) {
    const bool by_attribute = bound.has(0) && !bound[0].is<None>();
    ASSIGN_OR_RETURN(const Value term,
                     by_attribute ? get_path(runtime, item, bound[0]) : Result<Value>(item));
    ASSIGN_OR_RETURN(total, arithmetic(runtime, ArithmeticOp::add, total, term));
  }
  return total;
}

// map("filter", arguments…) or map(attribute="path", default=…).
Result<Value> map_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  std::vector<Value> mapped;
  if (!value.truthy()) return runtime.sequence({}, Kind::generator);
  ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime, value));
  if (arguments.positional.empty()) {
    ASSIGN_OR_RETURN(const Bound bound, bind("map", arguments, {"attribute", "default"}, 1));
    const Value* otherwise = bound.has(1) && !bound[1].is<None>() ? &bound[1] : nullptr;
    for (const Value& item : items) {
      ASSIGN_OR_RETURN(Value result, get_path(runtime, item, bound[0], otherwise));
      mapped.push_back(std::move(result));
    }
    return runtime.sequence(std::move(mapped), Kind::generator);
  }
  if (!arguments.positional[0].is_text()) return type_error("map() needs the name of a filter");
  const std::string name(arguments.positional[0].bytes());
  const Arguments rest{{arguments.positional.begin() + 1, arguments.positional.end()}, arguments.named};
  RETURN_IF_ERROR(runtime.enter());
  for (const Value& item : items) {
    ASSIGN_OR_RETURN(Value result, apply_filter(runtime, name, item, rest));
    mapped.push_back(std::move(result));
  }
  runtime.leave();
  return runtime.sequence(std::move(mapped), Kind::generator);
}

// select(test…), reject(test…), selectattr(path, test…), rejectattr(path, test…); without a test: truth.
template <bool keep, bool by_attribute>
Result<Value> select_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  if (!value.truthy()) return runtime.sequence({}, Kind::generator);
  constexpr size_t kTestAt = by_attribute ? 1 : 0;
  const auto& given = arguments.positional;
  if (by_attribute && given.empty()) return type_error("selectattr() needs the name of an attribute");
  const bool tests = given.size() > kTestAt;
  if (tests && !given[kTestAt].is_text()) return type_error("select() needs the name of a test");
  Arguments rest{{}, arguments.named};
  if (tests) rest.positional.assign(given.begin() + kTestAt + 1, given.end());
  ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime, value));
  std::vector<Value> kept;
  for (const Value& item : items) {
    ASSIGN_OR_RETURN(const Value subject,
                     by_attribute ? get_path(runtime, item, given[0]) : Result<Value>(item));
    ASSIGN_OR_RETURN(const bool passes, tests ? apply_test(runtime, given[kTestAt].bytes(), subject, rest)
                                              : Result<bool>(subject.truthy()));
    if (passes == keep) kept.push_back(item);
  }
  return runtime.sequence(std::move(kept), Kind::generator);
}

constexpr NamedFilter kListFilters[] = {
    {"default", default_filter},
    {"d", default_filter},
    {"length", length_filter},
    {"count", length_filter},
    {"first", first_filter},
    {"last", last_filter},
    {"list", list_filter},
    {"items", items_filter},
    {"reverse", reverse_filter},
    {"join", join_filter},
    {"sum", sum_filter},
    {"map", map_filter},
    {"select", select_filter<true, false>},
    {"reject", select_filter<false, false>},
    {"selectattr", select_filter<true, true>},
    {"rejectattr", select_filter<false, true>},
};

}  // namespace

std::span<const NamedFilter> list_filters() { return kListFilters; }

}  // namespace understudy::jinja
