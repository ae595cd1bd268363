#include "text/jinja/stringify.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "text/jinja/characters.h"
#include "text/unicode.h"

namespace understudy::jinja {
namespace {

std::string escaped(char32_t code) {
  char buffer[12];
  const auto number = static_cast<unsigned>(code);
  const char* format = code < 0x100 ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x";
  std::snprintf(buffer, sizeof buffer, format, number);
  return buffer;
}

void append_quoted(TextBuilder& out, const PromptText& text) {
  const bool has_single = text.text.find('\'') != std::string::npos;
  const char quote = has_single && text.text.find('"') == std::string::npos ? '"' : '\'';
  const std::string_view mark(&quote, 1);
  SpanCursor cursor(text);
  out.append(mark, false);
  for (size_t at = 0; at < text.text.size();) {
    const Utf8Char c = decode_char(text.text, at);
    const bool untrusted = cursor.untrusted(at);
    if (c.code == '\\' || c.code == static_cast<unsigned char>(quote)) {
      out.append("\\", untrusted);
      out.append(std::string_view(text.text).substr(at, 1), untrusted);
    } else if (c.code == '\n' || c.code == '\r' || c.code == '\t') {
      out.append(c.code == '\n' ? "\\n" : c.code == '\r' ? "\\r" : "\\t", untrusted);
    } else if (is_printable(c.code)) {
      out.append(std::string_view(text.text).substr(at, c.length), untrusted);
    } else {
      out.append(escaped(c.code), untrusted);
    }
    at += c.length;
  }
  out.append(mark, false);
}

Status append_sequence(Runtime& runtime, TextBuilder& out, const Sequence& sequence) {
  using Kind = Sequence::Kind;
  if (sequence.kind == Kind::range || sequence.kind == Kind::generator) {
    return Error{ErrorCode::unsupported, "printing a range or a generator is not supported", "", ""};
  }
  const bool tuple = sequence.kind == Kind::tuple;
  const bool view = sequence.kind != Kind::list && !tuple;
  if (view) {
    out.append(Value(std::make_shared<const Sequence>(Sequence{sequence.kind, {}})).type_name(), false);
    out.append("(", false);
  }
  out.append(tuple ? "(" : "[", false);
  for (size_t i = 0; i < sequence.items.size(); ++i) {
    if (i > 0) out.append(", ", false);
    RETURN_IF_ERROR(append_repr(runtime, out, sequence.items[i]));
  }
  if (tuple && sequence.items.size() == 1) out.append(",", false);
  out.append(tuple ? ")" : "]", false);
  if (view) out.append(")", false);
  return {};
}

Status append_dict(Runtime& runtime, TextBuilder& out, const Dict& dict) {
  out.append("{", false);
  bool first = true;
  for (const auto& [key, value] : dict.entries) {
    if (!first) out.append(", ", false);
    first = false;
    RETURN_IF_ERROR(append_repr(runtime, out, key));
    out.append(": ", false);
    RETURN_IF_ERROR(append_repr(runtime, out, value));
  }
  out.append("}", false);
  return {};
}

}  // namespace

std::string float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto scientific = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string text(buffer, scientific.ptr);
  const size_t e = text.find('e');
  const int exponent = std::atoi(text.c_str() + e + 1);
  if (exponent < -4 || exponent >= 16) return text;  // Python switches to an exponent outside 1e-4 … 1e16
  const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  std::string plain(buffer, fixed.ptr);
  if (plain.find('.') == std::string::npos) plain += ".0";
  return plain;
}

Status append_repr(Runtime& runtime, TextBuilder& out, const Value& value) {
  RETURN_IF_ERROR(runtime.spend(1));
  if (out.overflowed()) return {};
  if (value.is_text()) {
    RETURN_IF_ERROR(runtime.spend_walk(value.bytes().size()));
    if (value.is_markup()) out.append("Markup(", false);
    append_quoted(out, value.text());
    if (value.is_markup()) out.append(")", false);
    return {};
  }
  if (value.is<SequencePtr>()) return append_sequence(runtime, out, *value.as<SequencePtr>());
  if (value.is<DictPtr>()) return append_dict(runtime, out, *value.as<DictPtr>());
  if (value.is<Undefined>()) {
    out.append("Undefined", false);
  } else if (value.is<None>()) {
    out.append("None", false);
  } else if (value.is<bool>()) {
    out.append(value.as<bool>() ? "True" : "False", false);
  } else if (value.is<Integer>()) {
    out.append(std::to_string(value.integer()), value.tainted_number());
  } else if (value.is<Float>()) {
    out.append(float_repr(value.number()), value.tainted_number());
  } else {
    return Error{ErrorCode::unsupported, "printing a " + std::string(value.type_name()) + " is not supported",
                 "", ""};
  }
  return {};
}

Status append_text(Runtime& runtime, TextBuilder& out, const Value& value) {
  if (value.is<Undefined>()) return {};
  if (!value.is_text()) return append_repr(runtime, out, value);
  RETURN_IF_ERROR(runtime.spend_bytes(value.bytes().size()));
  out.append(value.text());
  return {};
}

Result<TextPtr> to_text(Runtime& runtime, const Value& value) {
  if (value.is_text()) return value.as<TextPtr>();
  TextBuilder out;
  RETURN_IF_ERROR(append_text(runtime, out, value));
  ASSIGN_OR_RETURN(const Value text, runtime.finish(out));
  return text.as<TextPtr>();
}

Result<TextPtr> to_repr(Runtime& runtime, const Value& value) {
  TextBuilder out;
  RETURN_IF_ERROR(append_repr(runtime, out, value));
  ASSIGN_OR_RETURN(const Value text, runtime.finish(out));
  return text.as<TextPtr>();
}

}  // namespace understudy::jinja
