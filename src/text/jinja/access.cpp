#include "text/jinja/access.h"

#include <algorithm>
#include <charconv>

#include "text/jinja/characters.h"
#include "text/jinja/markup.h"
#include "text/jinja/methods.h"
#include "text/jinja/stringify.h"

namespace understudy::jinja {
namespace {

Value missing(const Value& object, std::string_view name) {
  return undefined("'" + std::string(object.type_name()) + "' has no attribute '" + std::string(name) + "'");
}

Value loop_attribute(const LoopPtr& loop, std::string_view name) {
  const auto index0 = static_cast<int64_t>(loop->index0);
  const auto length = static_cast<int64_t>(loop->items.size());
  if (name == "index0") return integer(index0);
  if (name == "index") return integer(index0 + 1);
  if (name == "first") return index0 == 0;
  if (name == "last") return index0 + 1 == length;
  if (name == "length") return integer(length);
  if (name == "revindex") return integer(length - index0);
  if (name == "revindex0") return integer(length - index0 - 1);
  if (name == "depth") return integer(1);
  if (name == "depth0") return integer(0);
  if (name == "previtem")
    return index0 == 0 ? undefined("there is no previous item") : loop->items[loop->index0 - 1];
  if (name == "nextitem")
    return index0 + 1 == length ? undefined("there is no next item") : loop->items[loop->index0 + 1];
  return missing(loop, name);
}

// Attributes that are no dict keys: methods, members of namespaces, loop.*. Nothing when there is no such
// attribute.
std::optional<Value> own_attribute(const Value& object, std::string_view name) {
  if (object.is<LoopPtr>() && name != "cycle" && name != "changed")
    return loop_attribute(object.as<LoopPtr>(), name);
  if (object.is<NamespacePtr>()) {
    const auto& members = object.as<NamespacePtr>()->members;
    const auto found = members.find(name);
    if (found != members.end()) return found->second;
    return missing(object, name);
  }
  return bind_method(object, name);
}

// A Python index: counted from the end when negative. Nothing when out of range.
std::optional<size_t> place(int64_t index, size_t size) {
  const auto count = static_cast<int64_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  return static_cast<size_t>(index);
}

Result<Value> character(Runtime& runtime, const PromptText& text, int64_t index) {
  RETURN_IF_ERROR(runtime.spend_bytes(text.text.size()));
  const auto wanted = place(index, count_chars(text.text));
  if (!wanted) return undefined("string index " + std::to_string(index) + " is out of range");
  size_t at = 0;
  for (size_t i = 0; i < *wanted; ++i) at += decode_char(text.text, at).length;
  return runtime.text(slice_bytes(text, at, at + decode_char(text.text, at).length));
}

Result<Value> by_index(Runtime& runtime, const Value& object, int64_t index) {
  if (object.is_text()) return keep_markup(runtime, object, character(runtime, object.text(), index));
  if (object.is<SequencePtr>() && object.as<SequencePtr>()->indexable()) {
    const auto& items = object.as<SequencePtr>()->items;
    if (const auto at = place(index, items.size())) return items[*at];
  }
  return undefined("'" + std::string(object.type_name()) + "' has no element " + std::to_string(index));
}

struct Bounds {
  int64_t start, stop, step;
};

// Python's slice.indices(size).
Result<Bounds> slice_bounds(const Value& start, const Value& stop, const Value& step, size_t size) {
  for (const Value* bound : {&start, &stop, &step}) {
    if (!bound->is<None>() && !bound->is_integral())
      return type_error("slice bounds must be integers or none");
  }
  const auto count = static_cast<int64_t>(size);
  Bounds bounds{0, 0, step.is<None>() ? 1 : step.integer()};
  if (bounds.step == 0) return type_error("a slice step cannot be zero");
  const bool backwards = bounds.step < 0;
  const auto resolve = [&](const Value& bound, int64_t absent) {
    if (bound.is<None>()) return absent;
    const int64_t at = bound.integer() < 0 ? bound.integer() + count : bound.integer();
    return std::clamp<int64_t>(at, backwards ? -1 : 0, backwards ? count - 1 : count);
  };
  bounds.start = resolve(start, backwards ? count - 1 : 0);
  bounds.stop = resolve(stop, backwards ? -1 : count);
  bounds.step = std::clamp(bounds.step, -count - 1, count + 1);  // farther steps end the slice just the same
  return bounds;
}

template <typename Take>
void for_each_index(const Bounds& bounds, Take take) {
  for (int64_t i = bounds.start; bounds.step > 0 ? i < bounds.stop : i > bounds.stop; i += bounds.step) {
    take(static_cast<size_t>(i));
  }
}

Result<Value> slice_text(Runtime& runtime, const PromptText& text, const Value& start, const Value& stop,
                         const Value& step) {
  RETURN_IF_ERROR(runtime.spend_walk(text.text.size()));
  std::vector<size_t> offsets;
  for (size_t at = 0; at < text.text.size(); at += decode_char(text.text, at).length) offsets.push_back(at);
  ASSIGN_OR_RETURN(const Bounds bounds, slice_bounds(start, stop, step, offsets.size()));
  offsets.push_back(text.text.size());
  TextBuilder out;
  if (bounds.step == 1 && bounds.start < bounds.stop) {
    out.append(text, offsets[static_cast<size_t>(bounds.start)], offsets[static_cast<size_t>(bounds.stop)]);
  } else if (bounds.step != 1) {
    for_each_index(bounds, [&](size_t i) { out.append(text, offsets[i], offsets[i + 1]); });
  }
  return runtime.finish(out);
}

}  // namespace

Result<Value> get_attribute(Runtime& runtime, const Value& object, std::string_view name) {
  if (object.is<Undefined>()) return type_error(*object.as<Undefined>().why);
  if (auto value = own_attribute(object, name)) return *std::move(value);
  if (object.is<DictPtr>()) {
    if (const Value* value = object.as<DictPtr>()->find(name)) return *value;
  }
  return missing(object, name);
}

Result<Value> get_item(Runtime& runtime, const Value& object, const Value& key) {
  if (object.is<Undefined>()) return type_error(*object.as<Undefined>().why);
  RETURN_IF_ERROR(runtime.spend_key(key));
  if (object.is<DictPtr>()) {
    if (const Value* value = object.as<DictPtr>()->find(key)) return *value;
  } else if (key.is_integral()) {
    return by_index(runtime, object, key.integer());
  }
  if (key.is_text()) {
    if (auto value = own_attribute(object, key.bytes())) return *std::move(value);
    return missing(object, key.bytes());
  }
  ASSIGN_OR_RETURN(const TextPtr printed, to_repr(runtime, key));
  return undefined("'" + std::string(object.type_name()) + "' has no element " + printed->text);
}

Result<Value> get_slice(Runtime& runtime, const Value& object, const Value& start, const Value& stop,
                        const Value& step) {
  if (object.is<Undefined>()) return type_error(*object.as<Undefined>().why);
  if (object.is_text())
    return keep_markup(runtime, object, slice_text(runtime, object.text(), start, stop, step));
  if (!object.is<SequencePtr>() || !object.as<SequencePtr>()->indexable()) {
    return type_error("'" + std::string(object.type_name()) + "' cannot be sliced");
  }
  const Sequence& sequence = *object.as<SequencePtr>();
  ASSIGN_OR_RETURN(const Bounds bounds, slice_bounds(start, stop, step, sequence.items.size()));
  std::vector<Value> items;
  for_each_index(bounds, [&](size_t i) { items.push_back(sequence.items[i]); });
  return runtime.sequence(std::move(items), sequence.kind);
}

Result<Value> get_path(Runtime& runtime, Value object, const Value& path, const Value* otherwise) {
  const auto step = [&](const Value& key) -> Status {
    ASSIGN_OR_RETURN(object, get_item(runtime, object, key));
    if (otherwise && object.is<Undefined>()) object = *otherwise;
    return {};
  };
  if (!path.is_text()) {
    RETURN_IF_ERROR(step(path));
    return object;
  }
  const std::string_view text = path.bytes();
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    int64_t number = 0;
    const auto parsed = std::from_chars(part.data(), part.data() + part.size(), number);
    const bool numeric = parsed.ec == std::errc() && parsed.ptr == part.data() + part.size() && number >= 0;
    RETURN_IF_ERROR(runtime.spend(1));
    RETURN_IF_ERROR(step(numeric ? integer(number) : trusted_text(std::string(part))));
    begin = end + 1;
  }
  return object;
}

}  // namespace understudy::jinja
