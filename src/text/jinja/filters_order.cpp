#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/compare.h"
#include "text/jinja/filters.h"
#include "text/jinja/text_ops.h"

namespace understudy::jinja {

namespace {

// What is compared: `path` of the item (itself when null or none), in lower case unless `case_sensitive`.
Result<Value> order_key(Runtime& runtime, const Value& item, const Value* path, bool case_sensitive) {
  Value key = item;
  if (path && !path->is<None>()) {
    ASSIGN_OR_RETURN(key, get_path(runtime, item, *path));
  }
  if (key.is_text() && !case_sensitive) return change_case(runtime, key.text(), Case::lower);
  return key;
}

const Value* optional_argument(const Bound& bound, size_t i) { return bound.has(i) ? &bound[i] : nullptr; }

// sort(reverse=False, case_sensitive=False, attribute=None); "a,b" sorts by two attributes.
Result<Value> sort_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("sort", arguments, {"reverse", "case_sensitive", "attribute"}));
  ASSIGN_OR_RETURN(std::vector<Value> items, iterate(runtime, value));
  std::vector<Value> paths{Value(None{})};
  if (bound.has(2) && bound[2].is_text()) {
    const PromptText comma = PromptText::trusted(",");
    ASSIGN_OR_RETURN(const Value parts, split(runtime, bound[2].text(), &comma, -1, false));
    paths = parts.as<SequencePtr>()->items;
  } else if (bound.has(2)) {
    paths = {bound[2]};
  }
  std::vector<Value> keys;
  for (const Value& item : items) {
    std::vector<Value> parts;
    for (const Value& path : paths) {
      ASSIGN_OR_RETURN(Value part, order_key(runtime, item, &path, bound.truthy(1)));
      parts.push_back(std::move(part));
    }
    ASSIGN_OR_RETURN(Value key, runtime.sequence(std::move(parts)));
    keys.push_back(std::move(key));
  }
  ASSIGN_OR_RETURN(items, sort_by(runtime, std::move(items), keys, bound.truthy(0)));
  return runtime.sequence(std::move(items));
}

// dictsort(case_sensitive=False, by="key", reverse=False): a list of (key, value).
Result<Value> dictsort_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("dictsort", arguments, {"case_sensitive", "by", "reverse"}));
  if (!value.is<DictPtr>())
    return type_error("dictsort() needs a dict, not '" + std::string(value.type_name()) + "'");
  const std::string_view by = bound.has(1) && bound[1].is_text() ? bound[1].bytes() : "key";
  if (by != "key" && by != "value") return type_error("dictsort(): by must be key or value");
  std::vector<Value> pairs, keys;
  for (const auto& [name, member] : value.as<DictPtr>()->entries) {
    ASSIGN_OR_RETURN(Value pair, runtime.sequence({name, member}, Sequence::Kind::tuple));
    pairs.push_back(std::move(pair));
    ASSIGN_OR_RETURN(Value key, order_key(runtime, by == "key" ? name : member, nullptr, bound.truthy(0)));
    keys.push_back(std::move(key));
  }
  ASSIGN_OR_RETURN(pairs, sort_by(runtime, std::move(pairs), keys, bound.truthy(2)));
  return runtime.sequence(std::move(pairs));
}

// unique(case_sensitive=False, attribute=None): first occurrences, in order.
Result<Value> unique_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("unique", arguments, {"case_sensitive", "attribute"}));
  ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime, value));
  Dict seen;
  std::vector<Value> kept;
  for (const Value& item : items) {
    ASSIGN_OR_RETURN(Value key, order_key(runtime, item, optional_argument(bound, 1), bound.truthy(0)));
    RETURN_IF_ERROR(runtime.spend_key(key));
    const size_t before = seen.entries.size();
    RETURN_IF_ERROR(seen.insert(std::move(key), Value(None{})));
    if (seen.entries.size() > before) kept.push_back(item);
  }
  return runtime.sequence(std::move(kept), Sequence::Kind::generator);
}

// min and max(case_sensitive=False, attribute=None): the first of equals.
template <bool maximum>
Result<Value> extreme_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound,
                   bind(maximum ? "max" : "min", arguments, {"case_sensitive", "attribute"}));
  ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime, value));
  if (items.empty()) return undefined("the sequence is empty");
  size_t best = 0;
  Value best_key;
  for (size_t i = 0; i < items.size(); ++i) {
    ASSIGN_OR_RETURN(Value key, order_key(runtime, items[i], optional_argument(bound, 1), bound.truthy(0)));
    if (i > 0) {
      ASSIGN_OR_RETURN(const int order, compare(runtime, key, best_key));
      if (maximum ? order <= 0 : order >= 0) continue;
    }
    best = i;
    best_key = std::move(key);
  }
  return items[best];
}

constexpr NamedFilter kOrderFilters[] = {
    {"sort", sort_filter},          {"dictsort", dictsort_filter}, {"unique", unique_filter},
    {"min", extreme_filter<false>}, {"max", extreme_filter<true>},
};

}  // namespace

std::span<const NamedFilter> order_filters() { return kOrderFilters; }

}  // namespace understudy::jinja
