#include "text/jinja/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "text/jinja/access.h"
#include "text/jinja/characters.h"
#include "text/jinja/stringify.h"

namespace understudy::jinja {
namespace {

constexpr int kMaxWidth = 1000;  // of one field

struct Field {
  bool left = false, zero = false;
  int width = 0;
  std::optional<int> precision;
  char conversion = 's';
};

// An untrusted format decides where the values go, so they are untrusted there.
Result<Value> finish_format(Runtime& runtime, TextBuilder& out, const PromptText& format) {
  ASSIGN_OR_RETURN(const Value result, runtime.finish(out));
  if (is_tainted(format)) return runtime.text(all_untrusted(result.text()));
  return result;
}

Error bad_format(std::string_view what) { return type_error("format string: " + std::string(what)); }

int read_number(std::string_view text, size_t& at) {
  int number = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    number = std::min(number * 10 + (text[at++] - '0'), kMaxWidth);
  }
  return number;
}

Result<Field> read_field(std::string_view format, size_t& at) {
  Field field;
  for (; at < format.size() && (format[at] == '-' || format[at] == '0'); ++at) {
    (format[at] == '-' ? field.left : field.zero) = true;
  }
  field.width = read_number(format, at);
  if (at < format.size() && format[at] == '.') field.precision = read_number(format, ++at);
  if (at >= format.size()) return bad_format("a conversion is incomplete");
  field.conversion = format[at++];
  return field;
}

Result<std::string> number_text(const Field& field, const Value& value) {
  if (!value.is_number()) {
    return bad_format("%" + std::string(1, field.conversion) + " needs a number, not '" +
                      std::string(value.type_name()) + "'");
  }
  if (field.conversion == 'f') {
    const int size = std::snprintf(nullptr, 0, "%.*f", field.precision.value_or(6), value.number());
    std::string text(static_cast<size_t>(size) + 1, '\0');
    std::snprintf(text.data(), text.size(), "%.*f", field.precision.value_or(6), value.number());
    text.pop_back();
    return text;
  }
  const bool hexadecimal = field.conversion == 'x' || field.conversion == 'X';
  if (value.is<Float>() && (hexadecimal || !(std::abs(value.number()) < 0x1p63))) {
    return bad_format("%" + std::string(1, field.conversion) + " needs an integer");
  }
  const int64_t number = value.is<Float>() ? static_cast<int64_t>(value.number()) : value.integer();
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, hexadecimal ? 16 : 10).ptr;
  std::string text(buffer, end);
  if (field.conversion == 'X') {
    for (char& c : text) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

Result<PromptText> convert(Runtime& runtime, const Field& field, const Value& value) {
  switch (field.conversion) {
    case 's':
    case 'r': {
      ASSIGN_OR_RETURN(const TextPtr text,
                       field.conversion == 's' ? to_text(runtime, value) : to_repr(runtime, value));
      if (!field.precision) return *text;
      size_t end = 0;
      for (int i = 0; i < *field.precision && end < text->text.size(); ++i)
        end += decode_char(text->text, end).length;
      return slice_bytes(*text, 0, end);
    }
    case 'd':
    case 'i':
    case 'f':
    case 'x':
    case 'X': {
      ASSIGN_OR_RETURN(std::string text, number_text(field, value));
      PromptText result = PromptText::trusted(std::move(text));
      return value.tainted_number() ? all_untrusted(std::move(result)) : result;
    }
    default:
      return Error{ErrorCode::unsupported,
                   "the format conversion %" + std::string(1, field.conversion) + " is not supported", "",
                   ""};
  }
}

void append_padded(TextBuilder& out, const Field& field, const PromptText& text) {
  const auto width = static_cast<size_t>(field.width), size = count_chars(text.text);
  const std::string padding(width > size ? width - size : 0, ' ');
  const bool zeros = field.zero && !field.left && field.conversion != 's' && field.conversion != 'r';
  if (zeros) {
    const size_t sign = text.text.starts_with('-') ? 1 : 0;
    out.append(text, 0, sign);
    out.append(std::string(padding.size(), '0'), false);
    out.append(text, sign, text.text.size());
    return;
  }
  if (!field.left) out.append(padding, false);
  out.append(text);
  if (field.left) out.append(padding, false);
}

// Gives the values of "%…" conversions one after the other, or by name from a dict.
class PercentValues {
 public:
  explicit PercentValues(const Value& value) : value_(value) {
    if (value.is<SequencePtr>() && value.as<SequencePtr>()->kind == Sequence::Kind::tuple)
      tuple_ = value.as<SequencePtr>();
  }
  Result<Value> next() {
    const size_t count = tuple_ ? tuple_->items.size() : 1;
    if (used_ >= count) return bad_format("not enough values");
    return tuple_ ? tuple_->items[used_++] : (++used_, value_);
  }
  Result<Value> named(std::string_view name) {
    used_by_name_ = true;
    if (!value_.is<DictPtr>()) return bad_format("a name needs a dict");
    const Value* found = value_.as<DictPtr>()->find(name);
    if (!found) return bad_format("no value for '" + std::string(name) + "'");
    return *found;
  }
  // Python counts only a tuple's values, and a single one that has no index operator.
  bool all_used() const {
    const bool counted =
        tuple_ || !(value_.is<DictPtr>() || value_.is<SequencePtr>() || value_.is<Undefined>());
    return used_by_name_ || !counted || used_ == (tuple_ ? tuple_->items.size() : 1);
  }

 private:
  const Value& value_;
  SequencePtr tuple_;
  size_t used_ = 0;
  bool used_by_name_ = false;
};

}  // namespace

Result<Value> format_percent(Runtime& runtime, const PromptText& format, const Value& value) {
  const std::string_view text = format.text;
  TextBuilder out;
  PercentValues values(value);
  for (size_t at = 0; at < text.size();) {
    RETURN_IF_ERROR(runtime.spend(1));
    const size_t percent = std::min(text.find('%', at), text.size());
    out.append(format, at, percent);
    if (percent == text.size()) break;
    at = percent + 1;
    std::optional<std::string_view> name;
    if (at < text.size() && text[at] == '(') {
      const size_t close = text.find(')', at);
      if (close == std::string_view::npos) return bad_format("')' is missing");
      name = text.substr(at + 1, close - at - 1);
      at = close + 1;
    }
    ASSIGN_OR_RETURN(const Field field, read_field(text, at));
    if (field.conversion == '%') {
      out.append(format, at - 1, at);
      continue;
    }
    ASSIGN_OR_RETURN(const Value item, name ? values.named(*name) : values.next());
    ASSIGN_OR_RETURN(const PromptText converted, convert(runtime, field, item));
    append_padded(out, field, converted);
  }
  if (!values.all_used()) return bad_format("not all values are used");
  return finish_format(runtime, out, format);
}

namespace {

// "name", "0", "" (the next positional one), each followed by .attribute and [key].
Result<Value> look_up(Runtime& runtime, std::string_view field, const Arguments& arguments,
                      size_t& automatic) {
  size_t at = std::min(field.find_first_of(".["), field.size());
  const std::string_view first = field.substr(0, at);
  const bool numbered = first.find_first_not_of("0123456789") == std::string_view::npos;
  Value value;
  if (numbered) {
    size_t index = first.empty() ? automatic++ : 0;
    std::from_chars(first.data(), first.data() + first.size(), index);
    if (index >= arguments.positional.size()) return bad_format("not enough values");
    value = arguments.positional[index];
  } else {
    const auto& named = arguments.named;
    const auto found =
        std::find_if(named.begin(), named.end(), [&](const auto& a) { return a.first == first; });
    if (found == named.end()) return bad_format("no value for '" + std::string(first) + "'");
    value = found->second;
  }
  while (at < field.size()) {
    const bool item = field[at] == '[';
    size_t end = item ? field.find(']', at) : std::min(field.find_first_of(".[", at + 1), field.size());
    if (end == std::string_view::npos) return bad_format("']' is missing");
    const std::string_view key = field.substr(at + 1, end - at - 1);
    int64_t index = 0;
    const bool digits = !key.empty() && key.find_first_not_of("0123456789") == std::string_view::npos;
    if (digits) std::from_chars(key.data(), key.data() + key.size(), index);
    ASSIGN_OR_RETURN(
        value, !item ? get_attribute(runtime, value, key)
                     : get_item(runtime, value, digits ? integer(index) : trusted_text(std::string(key))));
    at = item ? end + 1 : end;
  }
  return value;
}

}  // namespace

Result<Value> format_braces(Runtime& runtime, const PromptText& format, const Arguments& arguments) {
  const std::string_view text = format.text;
  TextBuilder out;
  size_t automatic = 0;
  for (size_t at = 0; at < text.size();) {
    RETURN_IF_ERROR(runtime.spend(1));
    const size_t brace = std::min(text.find_first_of("{}", at), text.size());
    out.append(format, at, brace);
    if (brace == text.size()) break;
    if (brace + 1 < text.size() && text[brace + 1] == text[brace]) {
      out.append(format, brace, brace + 1);
      at = brace + 2;
      continue;
    }
    const size_t close = text[brace] == '{' ? text.find('}', brace) : std::string_view::npos;
    if (close == std::string_view::npos) return bad_format("a single brace");
    const std::string_view field = text.substr(brace + 1, close - brace - 1);
    if (field.find_first_of(":!{") != std::string_view::npos) {
      return Error{ErrorCode::unsupported, "the format field {" + std::string(field) + "} is not supported",
                   "", ""};
    }
    ASSIGN_OR_RETURN(const Value value, look_up(runtime, field, arguments, automatic));
    RETURN_IF_ERROR(append_text(runtime, out, value));
    at = close + 1;
  }
  return finish_format(runtime, out, format);
}

}  // namespace understudy::jinja
