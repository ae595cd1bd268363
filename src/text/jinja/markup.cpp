#include "text/jinja/markup.h"

namespace understudy::jinja {
namespace {

std::string_view entity_of(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '\'':
      return "&#39;";
    case '"':
      return "&#34;";
    default:
      return "";
  }
}

void append_escaped(TextBuilder& out, const Value& value) {
  const PromptText& text = value.text();
  if (value.is_markup()) {
    out.append(text);
    return;
  }
  SpanCursor cursor(text);
  size_t plain = 0;
  for (size_t at = 0; at < text.text.size(); ++at) {
    const std::string_view entity = entity_of(text.text[at]);
    if (entity.empty()) continue;
    out.append(text, plain, at);
    out.append(entity, cursor.untrusted(at));
    plain = at + 1;
  }
  out.append(text, plain, text.text.size());
}

}  // namespace

Result<Value> keep_markup(Runtime& runtime, const Value& origin, Result<Value> value) {
  if (!origin.is_markup() || !value.ok()) return value;
  if (value->is_text()) return Value::markup(*std::move(value));
  if (!value->is<SequencePtr>()) return value;
  std::vector<Value> pieces;
  for (const Value& piece : value->as<SequencePtr>()->items) pieces.push_back(Value::markup(piece));
  return runtime.sequence(std::move(pieces));
}

Result<Value> add_markup(Runtime& runtime, const Value& a, const Value& b) {
  RETURN_IF_ERROR(runtime.spend_walk(a.bytes().size() + b.bytes().size()));
  TextBuilder out;
  append_escaped(out, a);
  append_escaped(out, b);
  ASSIGN_OR_RETURN(Value sum, runtime.finish(out));
  return Value::markup(std::move(sum));
}

Status refuse_markup(const Value& text, std::string_view operation) {
  if (!text.is_markup()) return {};
  return Error{ErrorCode::unsupported, std::string(operation) + " of safe text is not supported", "",
               "jinja2 escapes HTML there; leave out the filter `safe`, which prints the same without it"};
}

}  // namespace understudy::jinja
