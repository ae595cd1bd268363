#include "text/jinja/runtime.h"

#include <algorithm>

#include "text/jinja/characters.h"

namespace understudy::jinja {
namespace {

Error limit_error(std::string what) {
  return {ErrorCode::invalid_argument, std::move(what), "",
          "The chat template does too much work for this conversation; shorten it, or use another template"};
}

int depth_of(const Value& value) {
  if (value.is<SequencePtr>()) return value.as<SequencePtr>()->depth;
  if (value.is<DictPtr>()) return value.as<DictPtr>()->depth;
  return 0;
}

constexpr size_t kNamespaceSteps = 32;  // a namespace lives until the end of the render

}  // namespace

Error type_error(std::string what) {
  return {ErrorCode::invalid_argument, std::move(what), "",
          "The model's chat template does not accept these messages as they are"};
}

// Namespaces can refer to each other in circles.
Runtime::~Runtime() {
  for (const auto& space : namespaces_) space->members.clear();
}

Status Runtime::spend(size_t steps) {
  if (steps > kMaxSteps - steps_) {
    return limit_error("the template takes more than " + std::to_string(kMaxSteps) + " steps");
  }
  steps_ += steps;
  return {};
}

Status Runtime::enter() {
  if (depth_ >= kMaxDepth) {
    return limit_error("the template nests calls and expressions more than " + std::to_string(kMaxDepth) +
                       " deep");
  }
  ++depth_;
  return spend(1);
}

Result<Value> Runtime::text(PromptText text) {
  if (text.text.size() > kMaxTextBytes) {
    return limit_error("the template builds a text of more than " + std::to_string(kMaxTextBytes) + " bytes");
  }
  RETURN_IF_ERROR(spend(1 + text.text.size() / kBytesPerStep + text.untrusted.size() / kSpansPerStep));
  return Value(std::make_shared<const PromptText>(std::move(text)));
}

Result<Value> Runtime::finish(TextBuilder& builder) {
  if (builder.overflowed()) {
    return limit_error("the template builds a text of more than " + std::to_string(kMaxTextBytes) + " bytes");
  }
  return text(builder.take());
}

Result<Value> Runtime::sequence(std::vector<Value> items, Sequence::Kind kind) {
  RETURN_IF_ERROR(spend(1 + items.size()));
  int depth = 0;
  for (const auto& item : items) depth = std::max(depth, depth_of(item));
  if (depth >= kMaxValueDepth) {
    return limit_error("a list is nested more than " + std::to_string(kMaxValueDepth) + " deep");
  }
  return Value(std::make_shared<const Sequence>(Sequence{kind, std::move(items), depth + 1}));
}

Result<Value> Runtime::dict(Dict dict) {
  RETURN_IF_ERROR(spend(2 + 3 * dict.entries.size()));
  int depth = 0;
  for (const auto& [key, value] : dict.entries) depth = std::max(depth, depth_of(value));
  if (depth >= kMaxValueDepth) {
    return limit_error("a dict is nested more than " + std::to_string(kMaxValueDepth) + " deep");
  }
  dict.depth = depth + 1;
  return Value(std::make_shared<const Dict>(std::move(dict)));
}

Result<Value> Runtime::make_namespace(std::map<std::string, Value, std::less<>> members) {
  RETURN_IF_ERROR(spend(kNamespaceSteps + members.size()));
  namespaces_.push_back(std::make_shared<Namespace>(Namespace{std::move(members)}));
  return Value(namespaces_.back());
}

namespace {

Result<std::vector<Value>> characters(Runtime& runtime, const PromptText& text) {
  std::vector<Value> items;
  for (size_t at = 0; at < text.text.size();) {
    const size_t size = decode_char(text.text, at).length;
    ASSIGN_OR_RETURN(Value item, runtime.text(slice_bytes(text, at, at + size)));
    items.push_back(std::move(item));
    at += size;
  }
  return items;
}

}  // namespace

Result<std::vector<Value>> iterate(Runtime& runtime, const Value& value) {
  std::vector<Value> items;
  if (value.is<SequencePtr>()) {
    const Sequence& sequence = *value.as<SequencePtr>();
    RETURN_IF_ERROR(runtime.spend(sequence.items.size() - sequence.consumed));
    items.assign(sequence.items.begin() + static_cast<std::ptrdiff_t>(sequence.consumed),
                 sequence.items.end());
    if (sequence.kind == Sequence::Kind::generator) sequence.consumed = sequence.items.size();
  } else if (value.is<DictPtr>()) {
    RETURN_IF_ERROR(runtime.spend(value.as<DictPtr>()->entries.size()));
    for (const auto& entry : value.as<DictPtr>()->entries) items.push_back(entry.first);
  } else if (value.is_text()) {
    return characters(runtime, value.text());
  } else if (!value.is<Undefined>()) {
    return type_error("'" + std::string(value.type_name()) + "' is not iterable");
  }
  return items;
}

}  // namespace understudy::jinja
