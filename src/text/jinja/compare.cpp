#include "text/jinja/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace understudy::jinja {
namespace {

Result<bool> equal_sequences(Runtime& runtime, const Sequence& a, const Sequence& b) {
  if (a.kind != b.kind || a.items.size() != b.items.size()) return false;
  for (size_t i = 0; i < a.items.size(); ++i) {
    ASSIGN_OR_RETURN(const bool same, equal(runtime, a.items[i], b.items[i]));
    if (!same) return false;
  }
  return true;
}

Result<bool> equal_dicts(Runtime& runtime, const Dict& a, const Dict& b) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    const Value* other = b.find(key);
    if (!other) return false;
    ASSIGN_OR_RETURN(const bool same, equal(runtime, value, *other));
    if (!same) return false;
  }
  return true;
}

int three_way(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return int{std::isnan(b)} - int{std::isnan(a)};
  return int{a > b} - int{a < b};
}

int three_way(const Value& a, const Value& b) {
  if (a.is<Float>() || b.is<Float>()) return three_way(a.number(), b.number());
  return int{a.integer() > b.integer()} - int{a.integer() < b.integer()};
}

}  // namespace

Result<bool> equal(Runtime& runtime, const Value& a, const Value& b) {
  RETURN_IF_ERROR(runtime.spend(1));
  if (a.is_number() && b.is_number()) {
    if (a.is_integral() && b.is_integral()) return a.integer() == b.integer();
    return a.number() == b.number();
  }
  if (a.data().index() != b.data().index()) return false;
  if (a.is_text()) {
    RETURN_IF_ERROR(runtime.spend_bytes(std::min(a.bytes().size(), b.bytes().size())));
    return a.bytes() == b.bytes();
  }
  if (a.is<SequencePtr>()) return equal_sequences(runtime, *a.as<SequencePtr>(), *b.as<SequencePtr>());
  if (a.is<DictPtr>()) return equal_dicts(runtime, *a.as<DictPtr>(), *b.as<DictPtr>());
  if (a.is<NamespacePtr>()) return a.as<NamespacePtr>() == b.as<NamespacePtr>();
  if (a.is<CallablePtr>()) return a.as<CallablePtr>() == b.as<CallablePtr>();
  if (a.is<LoopPtr>()) return a.as<LoopPtr>() == b.as<LoopPtr>();
  return true;  // none and none, undefined and undefined
}

Result<int> compare(Runtime& runtime, const Value& a, const Value& b) {
  RETURN_IF_ERROR(runtime.spend(1));
  if (a.is_number() && b.is_number()) return three_way(a, b);
  if (a.is_text() && b.is_text()) {  // UTF-8 sorts as code points do
    RETURN_IF_ERROR(runtime.spend_bytes(std::min(a.bytes().size(), b.bytes().size())));
    return a.bytes().compare(b.bytes());
  }
  if (a.is<SequencePtr>() && b.is<SequencePtr>()) {
    const Sequence& left = *a.as<SequencePtr>();
    const Sequence& right = *b.as<SequencePtr>();
    if (left.kind == right.kind &&
        (left.kind == Sequence::Kind::list || left.kind == Sequence::Kind::tuple)) {
      for (size_t i = 0; i < left.items.size() && i < right.items.size(); ++i) {
        ASSIGN_OR_RETURN(const bool same, equal(runtime, left.items[i], right.items[i]));
        if (!same) return compare(runtime, left.items[i], right.items[i]);
      }
      return int{left.items.size() > right.items.size()} - int{left.items.size() < right.items.size()};
    }
  }
  return type_error("'" + std::string(a.type_name()) + "' and '" + std::string(b.type_name()) +
                    "' cannot be ordered");
}

size_t find_bytes(std::string_view text, std::string_view needle, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  // glibc's memmem is linear; std::string::find is quadratic on repetitive text.
  const void* found = memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  if (!found) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

Result<bool> contains(Runtime& runtime, const Value& container, const Value& item) {
  if (container.is_text()) {
    if (!item.is_text()) {
      return type_error("'in <string>' requires a string on its left, not '" + std::string(item.type_name()) +
                        "'");
    }
    RETURN_IF_ERROR(runtime.spend_bytes(container.bytes().size()));
    return find_bytes(container.bytes(), item.bytes(), 0) != std::string_view::npos;
  }
  if (container.is<DictPtr>()) {
    if (!is_hashable(item))
      return type_error("a '" + std::string(item.type_name()) + "' is never a dict key");
    RETURN_IF_ERROR(runtime.spend_key(item));
    return container.as<DictPtr>()->find(item) != nullptr;
  }
  if (container.is<SequencePtr>() && container.as<SequencePtr>()->kind != Sequence::Kind::generator) {
    for (const auto& candidate : container.as<SequencePtr>()->items) {
      ASSIGN_OR_RETURN(const bool same, equal(runtime, candidate, item));
      if (same) return true;
    }
    return false;
  }
  ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime, container));
  for (const auto& candidate : items) {
    ASSIGN_OR_RETURN(const bool same, equal(runtime, candidate, item));
    if (same) return true;
  }
  return false;
}

Result<std::vector<Value>> sort_by(Runtime& runtime, std::vector<Value> items, const std::vector<Value>& keys,
                                   bool reverse) {
  std::vector<size_t> order(items.size());
  std::iota(order.begin(), order.end(), size_t{0});
  Status failure;  // std::stable_sort cannot stop early; after an error all items count as equal
  const auto before = [&](size_t a, size_t b) {
    if (!failure.ok()) return false;
    const auto difference = reverse ? compare(runtime, keys[b], keys[a]) : compare(runtime, keys[a], keys[b]);
    if (!difference.ok()) failure = difference.error();
    return difference.ok() && *difference < 0;
  };
  std::stable_sort(order.begin(), order.end(), before);
  RETURN_IF_ERROR(std::move(failure));
  std::vector<Value> sorted;
  for (const size_t i : order) sorted.push_back(std::move(items[i]));
  return sorted;
}

}  // namespace understudy::jinja
