#include "text/jinja/arguments.h"
#include "text/jinja/characters.h"
#include "text/jinja/compare.h"
#include "text/jinja/format.h"
#include "text/jinja/markup.h"
#include "text/jinja/methods.h"
#include "text/jinja/text_ops.h"
#include "text/unicode.h"

namespace understudy::jinja {
namespace {

template <Side side>
Result<Value> strip_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("strip", arguments, {"chars"}));
  if (!bound.has(0) || bound[0].is<None>()) return strip(runtime, self.text(), nullptr, side);
  ASSIGN_OR_RETURN(const TextPtr chars, bound.text(0));
  return strip(runtime, self.text(), chars.get(), side);
}

template <bool from_right>
Result<Value> split_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("split", arguments, {"sep", "maxsplit"}));
  ASSIGN_OR_RETURN(const int64_t limit, bound.integer(1, -1));
  if (!bound.has(0) || bound[0].is<None>()) return split(runtime, self.text(), nullptr, limit, from_right);
  ASSIGN_OR_RETURN(const TextPtr separator, bound.text(0));
  return split(runtime, self.text(), separator.get(), limit, from_right);
}

template <Case wanted>
Result<Value> case_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("upper", arguments, {}));
  return change_case(runtime, self.text(), wanted);
}

Result<Value> splitlines_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("splitlines", arguments, {"keepends"}));
  ASSIGN_OR_RETURN(std::vector<Value> lines, split_lines(runtime, self.text(), bound.truthy(0)));
  return runtime.sequence(std::move(lines));
}

Result<Value> replace_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(refuse_markup(self, "replace()"));
  ASSIGN_OR_RETURN(const Bound bound, bind("replace", arguments, {"old", "new", "count"}, 2));
  ASSIGN_OR_RETURN(const TextPtr old, bound.text(0));
  ASSIGN_OR_RETURN(const TextPtr fresh, bound.text(1));
  ASSIGN_OR_RETURN(const int64_t count, bound.integer(2, -1));
  return replace(runtime, self.text(), *old, *fresh, count);
}

bool has_affix(std::string_view text, std::string_view affix, bool prefix) {
  return prefix ? text.starts_with(affix) : text.ends_with(affix);
}

// startswith and endswith take one string or a tuple of them.
template <bool prefix>
Result<Value> affix_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const std::string_view name = prefix ? "startswith" : "endswith";
  RETURN_IF_ERROR(runtime.spend_bytes(self.bytes().size()));
  ASSIGN_OR_RETURN(const Bound bound, bind(name, arguments, {"affix"}, 1));
  if (!bound[0].is<SequencePtr>() || bound[0].as<SequencePtr>()->kind != Sequence::Kind::tuple) {
    ASSIGN_OR_RETURN(const TextPtr affix, bound.text(0));
    return Value(has_affix(self.bytes(), affix->text, prefix));
  }
  for (const auto& candidate : bound[0].as<SequencePtr>()->items) {
    RETURN_IF_ERROR(runtime.spend(1));
    if (!candidate.is_text())
      return type_error(std::string(name) + "() needs a string or a tuple of strings");
    if (has_affix(self.bytes(), candidate.bytes(), prefix)) return Value(true);
  }
  return Value(false);
}

template <bool prefix>
Result<Value> remove_affix_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound,
                   bind(prefix ? "removeprefix" : "removesuffix", arguments, {"affix"}, 1));
  ASSIGN_OR_RETURN(const TextPtr affix, bound.text(0));
  if (!has_affix(self.bytes(), affix->text, prefix)) return self;
  const size_t size = self.bytes().size(), cut = affix->text.size();
  PromptText rest = prefix ? slice_bytes(self.text(), cut, size) : slice_bytes(self.text(), 0, size - cut);
  return runtime.text(is_tainted(*affix) ? all_untrusted(std::move(rest)) : std::move(rest));
}

// Character index of a byte position; -1 for npos.
int64_t char_index(std::string_view text, size_t at) {
  return at == std::string_view::npos ? -1 : static_cast<int64_t>(count_chars(text.substr(0, at)));
}

Result<int64_t> find_in(Runtime& runtime, const Value& self, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("find", arguments, {"sub"}, 1));
  ASSIGN_OR_RETURN(const TextPtr needle, bound.text(0));
  RETURN_IF_ERROR(runtime.spend_bytes(self.bytes().size()));
  return char_index(self.bytes(), find_bytes(self.bytes(), needle->text, 0));
}

Result<Value> find_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const int64_t at, find_in(runtime, self, arguments));
  return integer(at);
}

Result<Value> index_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const int64_t at, find_in(runtime, self, arguments));
  if (at < 0) return type_error("index(): the substring is not there");
  return integer(at);
}

Result<Value> rfind_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("rfind", arguments, {"sub"}, 1));
  ASSIGN_OR_RETURN(const TextPtr needle, bound.text(0));
  RETURN_IF_ERROR(runtime.spend(self.bytes().size() / kBytesPerStep * (1 + needle->text.size())));
  return integer(char_index(self.bytes(), self.bytes().rfind(needle->text)));
}

Result<Value> count_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("count", arguments, {"sub"}, 1));
  ASSIGN_OR_RETURN(const TextPtr needle, bound.text(0));
  if (needle->text.empty()) return integer(static_cast<int64_t>(count_chars(self.bytes())) + 1);
  RETURN_IF_ERROR(runtime.spend_bytes(self.bytes().size()));
  int64_t count = 0;
  for (size_t at = 0; (at = find_bytes(self.bytes(), needle->text, at)) != std::string_view::npos; ++count) {
    at += needle->text.size();
  }
  return integer(count);
}

Result<Value> join_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(refuse_markup(self, "join()"));
  ASSIGN_OR_RETURN(const Bound bound, bind("join", arguments, {"iterable"}, 1));
  ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime, bound[0]));
  TextBuilder out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_text())
      return type_error("join() needs strings, not '" + std::string(items[i].type_name()) + "'");
    if (i > 0) out.append(self.text());
    out.append(items[i].text());
  }
  return runtime.finish(out);
}

Result<Value> format_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(refuse_markup(self, "format()"));
  return format_braces(runtime, self.text(), arguments);
}

// str.isdigit() and its kin: true when there is a character and all of them qualify.
template <bool (*qualifies)(char32_t)>
Result<Value> every_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("isdigit", arguments, {}));
  RETURN_IF_ERROR(runtime.spend_bytes(self.bytes().size()));
  for (size_t at = 0; at < self.bytes().size();) {
    const Utf8Char c = decode_char(self.bytes(), at);
    if (!qualifies(c.code)) return Value(false);
    at += c.length;
  }
  return Value(!self.bytes().empty());
}

bool is_alphanumeric(char32_t code) { return is_letter(code) || is_digit(code); }

// str.isupper(), str.islower(): at least one cased character and none of the other case.
template <bool (*wanted)(char32_t), bool (*other)(char32_t)>
Result<Value> cased_method(Runtime& runtime, const Value& self, const Arguments& arguments) {
  RETURN_IF_ERROR(bind("isupper", arguments, {}));
  RETURN_IF_ERROR(runtime.spend_bytes(self.bytes().size()));
  bool any = false;
  for (size_t at = 0; at < self.bytes().size();) {
    const Utf8Char c = decode_char(self.bytes(), at);
    if (other(c.code)) return Value(false);
    any = any || wanted(c.code);
    at += c.length;
  }
  return Value(any);
}

constexpr Method kTextMethods[] = {
    {"strip", strip_method<Side::both>},
    {"lstrip", strip_method<Side::left>},
    {"rstrip", strip_method<Side::right>},
    {"split", split_method<false>},
    {"rsplit", split_method<true>},
    {"splitlines", splitlines_method},
    {"replace", replace_method},
    {"startswith", affix_method<true>},
    {"endswith", affix_method<false>},
    {"removeprefix", remove_affix_method<true>},
    {"removesuffix", remove_affix_method<false>},
    {"upper", case_method<Case::upper>},
    {"lower", case_method<Case::lower>},
    {"title", case_method<Case::title>},
    {"capitalize", case_method<Case::capitalize>},
    {"find", find_method},
    {"rfind", rfind_method},
    {"index", index_method},
    {"count", count_method},
    {"join", join_method},
    {"format", format_method},
    {"isdigit", every_method<is_digit>},
    {"isalpha", every_method<is_letter>},
    {"isalnum", every_method<is_alphanumeric>},
    {"isspace", every_method<is_space>},
    {"isupper", cased_method<is_upper, is_lower>},
    {"islower", cased_method<is_lower, is_upper>},
    // Methods that Python has and this interpreter has not.
    {"casefold", nullptr},
    {"center", nullptr},
    {"encode", nullptr},
    {"expandtabs", nullptr},
    {"format_map", nullptr},
    {"isascii", nullptr},
    {"isdecimal", nullptr},
    {"isidentifier", nullptr},
    {"isnumeric", nullptr},
    {"isprintable", nullptr},
    {"istitle", nullptr},
    {"ljust", nullptr},
    {"maketrans", nullptr},
    {"partition", nullptr},
    {"rindex", nullptr},
    {"rjust", nullptr},
    {"rpartition", nullptr},
    {"swapcase", nullptr},
    {"translate", nullptr},
    {"zfill", nullptr},
};

}  // namespace

std::span<const Method> text_methods() { return kTextMethods; }

}  // namespace understudy::jinja
