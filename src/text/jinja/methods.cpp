#include "text/jinja/methods.h"

#include <algorithm>

#include "text/jinja/arguments.h"
#include "text/jinja/compare.h"
#include "text/jinja/markup.h"

namespace understudy::jinja {
namespace {

using Kind = Sequence::Kind;

Result<Value> dict_get(Runtime& runtime, const Value& self, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("get", arguments, {"key", "default"}, 1));
  RETURN_IF_ERROR(runtime.spend_key(bound[0]));
  if (const Value* value = self.as<DictPtr>()->find(bound[0])) return *value;
  return bound.has(1) ? bound[1] : Value(None{});
}

Result<Value> dict_items(Runtime& runtime, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("items", arguments, {}));
  std::vector<Value> items;
  for (const auto& [key, value] : self.as<DictPtr>()->entries) {
    ASSIGN_OR_RETURN(Value pair, runtime.sequence({key, value}, Kind::tuple));
    items.push_back(std::move(pair));
  }
  return runtime.sequence(std::move(items), Kind::items);
}

Result<Value> dict_keys(Runtime& runtime, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("keys", arguments, {}));
  ASSIGN_OR_RETURN(std::vector<Value> keys, iterate(runtime, self));
  return runtime.sequence(std::move(keys), Kind::keys);
}

Result<Value> dict_values(Runtime& runtime, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("values", arguments, {}));
  RETURN_IF_ERROR(runtime.spend(self.as<DictPtr>()->entries.size()));
  std::vector<Value> values;
  for (const auto& entry : self.as<DictPtr>()->entries) values.push_back(entry.second);
  return runtime.sequence(std::move(values), Kind::values);
}

Result<Value> copy(Runtime& runtime, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("copy", arguments, {}));
  return self;  // immutable
}

Result<Value> list_index(Runtime& runtime, const Value& self, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("index", arguments, {"value"}, 1));
  const auto& items = self.as<SequencePtr>()->items;
  for (size_t i = 0; i < items.size(); ++i) {
    ASSIGN_OR_RETURN(const bool same, equal(runtime, items[i], bound[0]));
    if (same) return integer(static_cast<int64_t>(i));
  }
  return type_error("index(): the value is not in the list");
}

Result<Value> list_count(Runtime& runtime, const Value& self, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("count", arguments, {"value"}, 1));
  int64_t count = 0;
  for (const auto& item : self.as<SequencePtr>()->items) {
    ASSIGN_OR_RETURN(const bool same, equal(runtime, item, bound[0]));
    count += same;
  }
  return integer(count);
}

Result<Value> loop_cycle(Runtime& runtime, const Value& self, const Arguments& arguments) {
  if (arguments.positional.empty()) return type_error("loop.cycle() needs at least one value");
  return arguments.positional[self.as<LoopPtr>()->index0 % arguments.positional.size()];
}

Result<Value> changes(Runtime& runtime, const Value& self, const Arguments& arguments) {
  return Error{ErrorCode::invalid_argument, "templates may not change a " + std::string(self.type_name()), "",
               "jinja2 refuses this too (ImmutableSandboxedEnvironment); build a new list with +"};
}

constexpr Method kDictMethods[] = {{"get", dict_get},       {"items", dict_items}, {"keys", dict_keys},
                                   {"values", dict_values}, {"copy", copy},        {"clear", changes},
                                   {"pop", changes},        {"popitem", changes},  {"setdefault", changes},
                                   {"update", changes},     {"fromkeys", nullptr}};
constexpr Method kListMethods[] = {{"index", list_index}, {"count", list_count}, {"copy", copy},
                                   {"append", changes},   {"clear", changes},    {"extend", changes},
                                   {"insert", changes},   {"pop", changes},      {"remove", changes},
                                   {"reverse", changes},  {"sort", changes}};
constexpr Method kTupleMethods[] = {{"index", list_index}, {"count", list_count}};
constexpr Method kLoopMethods[] = {{"cycle", loop_cycle}, {"changed", nullptr}};

std::span<const Method> methods_of(const Value& object) {
  if (object.is_text()) return text_methods();
  if (object.is<DictPtr>()) return kDictMethods;
  if (object.is<LoopPtr>()) return kLoopMethods;
  if (!object.is<SequencePtr>()) return {};
  const Kind kind = object.as<SequencePtr>()->kind;
  if (kind == Kind::list) return kListMethods;
  if (kind == Kind::tuple || kind == Kind::range) return kTupleMethods;
  return {};
}

}  // namespace

std::optional<Value> bind_method(const Value& object, std::string_view name) {
  const auto methods = methods_of(object);
  const auto found =
      std::find_if(methods.begin(), methods.end(), [&](const Method& m) { return m.name == name; });
  if (found == methods.end()) return std::nullopt;
  const Method& method = *found;
  Callable bound{std::string(name), {}};
  bound.call = [&method, object](Runtime& runtime, const Arguments& arguments) -> Result<Value> {
    if (method.call) return keep_markup(runtime, object, method.call(runtime, object, arguments));
    return Error{ErrorCode::unsupported,
                 "the method " + std::string(object.type_name()) + "." + std::string(method.name) +
                     "() is not supported",
                 "", ""};
  };
  return Value(std::make_shared<const Callable>(std::move(bound)));
}

}  // namespace understudy::jinja
