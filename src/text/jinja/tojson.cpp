#include "text/jinja/tojson.h"

#include <cmath>
#include <cstdio>

#include "text/jinja/arguments.h"
#include "text/jinja/characters.h"
#include "text/jinja/compare.h"
#include "text/jinja/stringify.h"

namespace understudy::jinja {
namespace {

std::string unicode_escape(char32_t code) {
  char buffer[16];
  if (code < 0x10000) {
    std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(code));
  } else {
    const auto offset = static_cast<unsigned>(code) - 0x10000;
    std::snprintf(buffer, sizeof buffer, "\\u%04x\\u%04x", 0xD800 + (offset >> 10),
                  0xDC00 + (offset & 0x3FF));
  }
  return buffer;
}

// The escape of a character, or "" when it stands for itself.
std::string json_escape(char32_t code, bool ensure_ascii) {
  switch (code) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    default:
      break;
  }
  const bool escape = code < 0x20 || (ensure_ascii && code > 0x7E);
  return escape ? unicode_escape(code) : "";
}

class JsonWriter {
 public:
  JsonWriter(Runtime& runtime, const JsonStyle& style) : runtime_(runtime), style_(style) {}

  Status write(const Value& value, int level) {
    RETURN_IF_ERROR(runtime_.spend(1));
    if (out_.overflowed()) return {};
    if (value.is_text()) return write_string(value.text());
    if (value.is<DictPtr>()) return write_object(*value.as<DictPtr>(), level);
    if (value.is<SequencePtr>()) return write_array(value, level);
    std::string plain = scalar(value);
    if (plain.empty()) return type_error("'" + std::string(value.type_name()) + "' has no JSON form");
    out_.append(plain, value.tainted_number());
    return {};
  }

  TextBuilder& out() { return out_; }

 private:
  static std::string scalar(const Value& value) {
    if (value.is<None>()) return "null";
    if (value.is<bool>()) return value.as<bool>() ? "true" : "false";
    if (value.is<Integer>()) return std::to_string(value.integer());
    if (!value.is<Float>()) return "";
    if (std::isnan(value.number())) return "NaN";
    if (std::isinf(value.number())) return value.number() < 0 ? "-Infinity" : "Infinity";
    return float_repr(value.number());
  }

  Status write_string(const PromptText& text) {
    RETURN_IF_ERROR(runtime_.spend_walk(text.text.size()));
    SpanCursor cursor(text);
    out_.append("\"", false);
    for (size_t at = 0; at < text.text.size();) {
      const Utf8Char c = decode_char(text.text, at);
      const std::string escape = json_escape(c.code, style_.ensure_ascii);
      const std::string_view plain = std::string_view(text.text).substr(at, c.length);
      out_.append(escape.empty() ? plain : escape, cursor.untrusted(at));
      at += c.length;
    }
    out_.append("\"", false);
    return {};
  }

  void new_line(int level) {
    if (!style_.indent) return;
    out_.append("\n", false);
    for (int i = 0; i < level; ++i) out_.append(*style_.indent);
  }

  Status write_array(const Value& value, int level) {
    const Sequence& sequence = *value.as<SequencePtr>();
    if (sequence.kind != Sequence::Kind::list && sequence.kind != Sequence::Kind::tuple) {
      return type_error("'" + std::string(value.type_name()) + "' has no JSON form");
    }
    out_.append("[", false);
    for (size_t i = 0; i < sequence.items.size(); ++i) {
      if (i > 0) out_.append(style_.item_separator);
      new_line(level + 1);
      RETURN_IF_ERROR(write(sequence.items[i], level + 1));
    }
    if (!sequence.items.empty()) new_line(level);
    out_.append("]", false);
    return {};
  }

  Status write_key(const Value& key) {
    if (key.is_text()) return write_string(key.text());
    const PromptText text{scalar(key), {}};
    return write_string(key.tainted_number() ? all_untrusted(text) : text);
  }

  Status write_object(const Dict& dict, int level) {
    std::vector<Value> keys;
    for (const auto& entry : dict.entries) keys.push_back(entry.first);
    if (style_.sort_keys) {
      ASSIGN_OR_RETURN(keys, sort_by(runtime_, keys, keys, false));
    }
    out_.append("{", false);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i > 0) out_.append(style_.item_separator);
      new_line(level + 1);
      RETURN_IF_ERROR(write_key(keys[i]));
      out_.append(style_.key_separator);
      RETURN_IF_ERROR(write(*dict.find(keys[i]), level + 1));
    }
    if (!keys.empty()) new_line(level);
    out_.append("}", false);
    return {};
  }

  Runtime& runtime_;
  const JsonStyle& style_;
  TextBuilder out_;
};

constexpr int64_t kMaxIndent = 100;

Result<JsonStyle> read_style(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound,
                   bind("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"}));
  JsonStyle style{bound.truthy(0), bound.truthy(3), {}};
  if (bound.has(1) && bound[1].is_text()) {
    style.indent = bound[1].text();
  } else if (bound.has(1) && !bound[1].is<None>()) {
    ASSIGN_OR_RETURN(const int64_t width, bound.integer(1));
    if (width > kMaxIndent) return type_error("tojson(): indent is above " + std::to_string(kMaxIndent));
    style.indent = PromptText{std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' '), {}};
  }
  if (style.indent) style.item_separator.text = ",";
  if (bound.has(2) && !bound[2].is<None>()) {
    const bool pair = bound[2].is<SequencePtr>() && bound[2].as<SequencePtr>()->items.size() == 2;
    if (!pair || !bound[2].as<SequencePtr>()->items[0].is_text() ||
        !bound[2].as<SequencePtr>()->items[1].is_text()) {
      return type_error("tojson(): separators must be two strings");
    }
    style.item_separator = bound[2].as<SequencePtr>()->items[0].text();
    style.key_separator = bound[2].as<SequencePtr>()->items[1].text();
  }
  return style;
}

}  // namespace

Result<Value> to_json(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const JsonStyle style, read_style(arguments));
  JsonWriter writer(runtime, style);
  RETURN_IF_ERROR(writer.write(value, 0));
  return runtime.finish(writer.out());
}

}  // namespace understudy::jinja
