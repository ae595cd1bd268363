#include "text/jinja/value.h"

#include <cmath>

#include "text/jinja/runtime.h"
#include "text/jinja/stringify.h"

namespace understudy::jinja {

Value undefined(std::string why) { return Undefined{std::make_shared<const std::string>(std::move(why))}; }

bool Value::tainted_number() const {
  return (is<Integer>() && as<Integer>().untrusted) || (is<Float>() && as<Float>().untrusted);
}

bool Value::truthy() const {
  struct Truth {
    bool operator()(const Undefined&) const { return false; }
    bool operator()(const None&) const { return false; }
    bool operator()(bool value) const { return value; }
    bool operator()(const Integer& value) const { return value.value != 0; }
    bool operator()(const Float& value) const { return value.value != 0; }
    bool operator()(const TextPtr& value) const { return !value->text.empty(); }
    bool operator()(const SequencePtr& value) const {
      return value->kind == Sequence::Kind::generator || !value->items.empty();
    }
    bool operator()(const DictPtr& value) const { return !value->entries.empty(); }
    bool operator()(const NamespacePtr&) const { return true; }
    bool operator()(const CallablePtr&) const { return true; }
    bool operator()(const LoopPtr&) const { return true; }
  };
  return std::visit(Truth{}, data_);
}

std::string_view Value::type_name() const {
  static constexpr std::string_view kNames[] = {"Undefined", "NoneType", "bool",       "int",
                                                "float",     "str",      "list",       "dict",
                                                "Namespace", "function", "LoopContext"};
  static constexpr std::string_view kSequences[] = {"list",        "tuple",      "range",    "dict_keys",
                                                    "dict_values", "dict_items", "generator"};
  if (is<SequencePtr>()) return kSequences[static_cast<size_t>(as<SequencePtr>()->kind)];
  return kNames[data_.index()];
}

namespace {

// Equal keys encode equally: 1, 1.0 and True are one key in Python. "" means: not usable as a key.
std::string encode_key(const Value& key) {
  if (key.is_text()) return 's' + key.text().text;
  if (key.is_integral()) return 'i' + std::to_string(key.integer());
  if (key.is<None>()) return "n";
  if (key.is<Undefined>()) return "u";
  if (key.is<SequencePtr>() && key.as<SequencePtr>()->kind == Sequence::Kind::tuple) {
    std::string encoded = "t";
    for (const Value& item : key.as<SequencePtr>()->items) {
      const std::string part = encode_key(item);
      if (part.empty() || encoded.size() + part.size() > kMaxTupleKeyBytes) return "";
      encoded += std::to_string(part.size()) + ':' + part;
    }
    return encoded;
  }
  if (!key.is<Float>()) return "";
  const double number = key.number();
  const bool integral = number == std::floor(number) && std::abs(number) < 0x1p63;
  return integral ? 'i' + std::to_string(static_cast<int64_t>(number)) : 'f' + float_repr(number);
}

}  // namespace

bool is_hashable(const Value& value) { return !encode_key(value).empty(); }

const Value* Dict::find(const Value& key) const {
  const auto found = index.find(encode_key(key));
  return found == index.end() ? nullptr : &entries[found->second].second;
}

const Value* Dict::find(std::string_view key) const {
  const auto found = index.find('s' + std::string(key));
  return found == index.end() ? nullptr : &entries[found->second].second;
}

Status Dict::insert(Value key, Value value) {
  std::string encoded = encode_key(key);
  if (encoded.empty()) return type_error("a dict key cannot be '" + std::string(key.type_name()) + "'");
  const auto [place, added] = index.emplace(std::move(encoded), entries.size());
  if (added) {
    entries.emplace_back(std::move(key), std::move(value));
  } else {
    entries[place->second].second = std::move(value);
  }
  return {};
}

namespace {

Result<Value> convert(Runtime& runtime, const boost::json::value& json, int depth);

Result<Value> convert_array(Runtime& runtime, const boost::json::array& array, int depth) {
  std::vector<Value> items;
  for (const auto& element : array) {
    ASSIGN_OR_RETURN(Value item, convert(runtime, element, depth + 1));
    items.push_back(std::move(item));
  }
  return runtime.sequence(std::move(items));
}

Result<Value> convert_object(Runtime& runtime, const boost::json::object& object, int depth) {
  Dict dict;
  for (const auto& member : object) {
    ASSIGN_OR_RETURN(Value key, runtime.text(PromptText::data(std::string(member.key()))));
    ASSIGN_OR_RETURN(Value value, convert(runtime, member.value(), depth + 1));
    RETURN_IF_ERROR(dict.insert(std::move(key), std::move(value)));
  }
  return runtime.dict(std::move(dict));
}

Result<Value> convert(Runtime& runtime, const boost::json::value& json, int depth) {
  if (depth > kMaxValueDepth) {
    return type_error("the input is nested more than " + std::to_string(kMaxValueDepth) + " deep");
  }
  switch (json.kind()) {
    case boost::json::kind::null:
      return Value(None{});
    case boost::json::kind::bool_:
      return Value(json.get_bool());
    case boost::json::kind::int64:
      return integer(json.get_int64(), true);
    case boost::json::kind::uint64:
      if (json.get_uint64() > INT64_MAX) return type_error("a number of the input is above 2^63 - 1");
      return integer(static_cast<int64_t>(json.get_uint64()), true);
    case boost::json::kind::double_:
      return Value(Float{json.get_double(), true});
    case boost::json::kind::string:
      return runtime.text(all_untrusted({std::string(json.get_string()), {}}));
    case boost::json::kind::array:
      return convert_array(runtime, json.get_array(), depth);
    case boost::json::kind::object:
      return convert_object(runtime, json.get_object(), depth);
  }
  return Value();
}

}  // namespace

Result<Value> from_json(Runtime& runtime, const boost::json::value& json) {
  return convert(runtime, json, 1);
}

}  // namespace understudy::jinja
