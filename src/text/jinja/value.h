// The values of a template, with Python's meaning: what jinja2 sees when it renders the same template.
// Everything except a namespace (and the position of a loop) is immutable: jinja2's
// ImmutableSandboxedEnvironment, under which chat templates run, refuses append, pop and update too. So no
// value can contain itself except through a namespace, whose contents Runtime releases at the end of a
// render.
#pragma once

#include <boost/json.hpp>
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "text/prompt_text.h"

namespace understudy::jinja {

class Runtime;
class Value;
struct Sequence;
struct Dict;
struct Namespace;
struct Callable;
struct Loop;

struct Undefined {
  std::shared_ptr<const std::string> why;  // "'x' is undefined"
};
struct None {};
// Numbers from a request stay untrusted when they become text: "<|reserved_" ~ n ~ "|>" must not name a
// token.
struct Integer {
  int64_t value = 0;
  bool untrusted = false;
};
struct Float {
  double value = 0;
  bool untrusted = false;
};

using TextPtr = std::shared_ptr<const PromptText>;
using SequencePtr = std::shared_ptr<const Sequence>;
using DictPtr = std::shared_ptr<const Dict>;
using NamespacePtr = std::shared_ptr<Namespace>;
using CallablePtr = std::shared_ptr<const Callable>;
using LoopPtr = std::shared_ptr<const Loop>;

template <typename T, typename... Alternatives>
concept OneOf = (std::same_as<T, Alternatives> || ...);

class Value {
 public:
  using Data = std::variant<Undefined, None, bool, Integer, Float, TextPtr, SequencePtr, DictPtr,
                            NamespacePtr, CallablePtr, LoopPtr>;
  Value() = default;  // undefined
  template <typename T>
    requires OneOf<T, Undefined, None, bool, Integer, Float, TextPtr, SequencePtr, DictPtr, NamespacePtr,
                   CallablePtr, LoopPtr>
  Value(T data) : data_(std::in_place_type<T>, std::move(data)) {}  // NOLINT: implicit by design

  template <typename T>
  bool is() const {
    return std::holds_alternative<T>(data_);
  }
  template <typename T>
  const T& as() const {
    return std::get<T>(data_);
  }
  const Data& data() const { return data_; }

  bool is_text() const { return is<TextPtr>(); }
  const PromptText& text() const { return *as<TextPtr>(); }
  std::string_view bytes() const { return text().text; }
  bool is_number() const { return is<Integer>() || is<Float>() || is<bool>(); }
  bool is_integral() const { return is<Integer>() || is<bool>(); }
  int64_t integer() const { return is<bool>() ? int64_t{as<bool>()} : as<Integer>().value; }  // is_integral()
  double number() const {
    return is<Float>() ? as<Float>().value : static_cast<double>(integer());
  }  // is_number()
  bool tainted_number() const;
  bool truthy() const;
  // Python's name of the type, for messages: "str", "dict", …
  std::string_view type_name() const;

  // Text that the filter `safe` marked (markup.h).
  static Value markup(Value text) {
    text.is_markup_ = true;
    return text;
  }
  bool is_markup() const { return is_markup_; }

 private:
  Data data_;
  bool is_markup_ = false;
};

struct Sequence {
  // views: what dict.keys(), .values() and .items() give. A generator can be iterated once, as in Python.
  enum class Kind { list, tuple, range, keys, values, items, generator };
  Kind kind = Kind::list;
  std::vector<Value> items;
  int depth = 1;
  mutable size_t consumed = 0;  // generators only
  bool indexable() const { return kind == Kind::list || kind == Kind::tuple || kind == Kind::range; }
};

// Insertion-ordered, as Python's. Keys: strings, numbers, booleans, none, and tuples of them.
struct Dict {
  std::vector<std::pair<Value, Value>> entries;
  std::map<std::string, size_t> index;  // encoded key -> entry; a tree: keys are hostile, and cannot collide
  int depth = 1;
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  // A repeated key keeps its place and takes the new value.
  Status insert(Value key, Value value);
};

struct Namespace {
  std::map<std::string, Value, std::less<>> members;
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// A macro, a global function or a method bound to its object.
struct Callable {
  std::string name;
  std::function<Result<Value>(Runtime&, const Arguments&)> call;
};

// The `loop` variable.
struct Loop {
  std::vector<Value> items;
  size_t index0 = 0;
};

inline Value trusted_text(std::string text) {
  return std::make_shared<const PromptText>(PromptText{std::move(text), {}});
}
inline Value integer(int64_t value, bool untrusted = false) { return Integer{value, untrusted}; }
Value undefined(std::string why);
bool is_hashable(const Value& value);  // can be a dict key

// A request's JSON; every string (keys too) and number is untrusted. Error beyond kMaxValueDepth or 64 bits.
Result<Value> from_json(Runtime& runtime, const boost::json::value& json);

}  // namespace understudy::jinja
