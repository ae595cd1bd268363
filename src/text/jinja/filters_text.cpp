#include "text/jinja/arguments.h"
#include "text/jinja/characters.h"
#include "text/jinja/filters.h"
#include "text/jinja/format.h"
#include "text/jinja/markup.h"
#include "text/jinja/stringify.h"
#include "text/jinja/text_ops.h"
#include "text/jinja/tojson.h"
#include "text/unicode.h"

namespace understudy::jinja {
namespace {

Result<Value> string_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("string", arguments, {}));
  ASSIGN_OR_RETURN(TextPtr text, to_text(runtime, value));
  return keep_markup(runtime, value, Value(std::move(text)));
}

Result<Value> safe_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("safe", arguments, {}));
  ASSIGN_OR_RETURN(TextPtr text, to_text(runtime, value));
  return Value::markup(std::move(text));
}

template <Case wanted>
Result<Value> case_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("upper", arguments, {}));
  ASSIGN_OR_RETURN(const TextPtr text, to_text(runtime, value));
  return keep_markup(runtime, value, change_case(runtime, *text, wanted));
}

// Words start after white space and after - ( { [ <, unlike str.title()'s.
Result<Value> title_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("title", arguments, {}));
  ASSIGN_OR_RETURN(const TextPtr text, to_text(runtime, value));
  RETURN_IF_ERROR(runtime.spend_walk(text->text.size()));
  TextBuilder out;
  SpanCursor cursor(*text);
  std::string mapped;
  bool word_start = true;
  for (size_t at = 0; at < text->text.size();) {
    const Utf8Char c = decode_char(text->text, at);
    mapped.clear();
    if (word_start) {
      append_upper(mapped, c.code);
    } else {
      append_lower(mapped, c.code);
    }
    out.append(mapped, cursor.untrusted(at));
    word_start = is_space(c.code) ||
                 (c.code < 0x80 &&
                  std::string_view("-({[<").find(static_cast<char>(c.code)) != std::string_view::npos);
    at += c.length;
  }
  return runtime.finish(out);
}

Result<Value> trim_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("trim", arguments, {"chars"}));
  ASSIGN_OR_RETURN(const TextPtr text, to_text(runtime, value));
  TextPtr chars;
  if (bound.has(0) && !bound[0].is<None>()) {
    ASSIGN_OR_RETURN(chars, bound.text(0));
  }
  return keep_markup(runtime, value, strip(runtime, *text, chars.get(), Side::both));
}

Result<Value> replace_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("replace", arguments, {"old", "new", "count"}, 2));
  ASSIGN_OR_RETURN(const TextPtr text, to_text(runtime, value));
  ASSIGN_OR_RETURN(const TextPtr old, to_text(runtime, bound[0]));
  ASSIGN_OR_RETURN(const TextPtr fresh, to_text(runtime, bound[1]));
  const bool all = !bound.has(2) || bound[2].is<None>();
  ASSIGN_OR_RETURN(const int64_t count, all ? Result<int64_t>(-1) : bound.integer(2));
  return replace(runtime, *text, *old, *fresh, count);
}

Result<Value> format_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  if (!arguments.named.empty()) {
    return Error{ErrorCode::unsupported, "format() with keywords is not supported", "", ""};
  }
  ASSIGN_OR_RETURN(const TextPtr text, to_text(runtime, value));
  RETURN_IF_ERROR(refuse_markup(value, "format()"));
  ASSIGN_OR_RETURN(const Value values, runtime.sequence(arguments.positional, Sequence::Kind::tuple));
  return format_percent(runtime, *text, values);
}

constexpr int64_t kMaxIndent = 1000;

Result<PromptText> indentation(const Bound& bound) {
  if (bound.has(0) && bound[0].is_text()) return bound[0].text();
  ASSIGN_OR_RETURN(const int64_t width, bound.integer(0, 4));
  if (width > kMaxIndent) return type_error("indent(): the width is above " + std::to_string(kMaxIndent));
  return PromptText::trusted(std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' '));
}

// All lines but the first (unless `first`); empty ones only with `blank`.
Result<Value> indent_filter(Runtime& runtime, const Value& value, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("indent", arguments, {"width", "first", "blank"}));
  ASSIGN_OR_RETURN(const PromptText indent, indentation(bound));
  if (!value.is_text()) return type_error("indent() needs a string");
  TextBuilder with_end;
  with_end.append(value.text());
  with_end.append("\n", false);
  ASSIGN_OR_RETURN(const Value text, runtime.finish(with_end));
  ASSIGN_OR_RETURN(const std::vector<Value> lines, split_lines(runtime, text.text(), false));
  TextBuilder out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out.append("\n", false);
    const bool wanted = i == 0 ? bound.truthy(1) : bound.truthy(2) || !lines[i].bytes().empty();
    if (wanted) out.append(indent);
    out.append(lines[i].text());
  }
  return keep_markup(runtime, value, runtime.finish(out));
}

constexpr NamedFilter kTextFilters[] = {
    {"string", string_filter},
    {"safe", safe_filter},
    {"upper", case_filter<Case::upper>},
    {"lower", case_filter<Case::lower>},
    {"capitalize", case_filter<Case::capitalize>},
    {"title", title_filter},
    {"trim", trim_filter},
    {"replace", replace_filter},
    {"format", format_filter},
    {"indent", indent_filter},
    {"tojson", to_json},
};

}  // namespace

std::span<const NamedFilter> text_filters() { return kTextFilters; }

}  // namespace understudy::jinja
