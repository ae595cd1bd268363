#include "grammar/character_class.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <optional>

#include "grammar/dfa.h"
#include "text/utf8.h"

namespace understudy {

namespace {

Error refused(std::string_view what, size_t at) {
  return {ErrorCode::unsupported, fmt::format("The pattern has {} at byte {}", what, at), "pattern", ""};
}

CharacterSet ordered(CharacterSet set) {
  std::sort(set.begin(), set.end());
  CharacterSet out;
  for (const auto& [low, high] : set) {
    if (!out.empty() && low <= out.back().second + 1) {
      out.back().second = std::max(out.back().second, high);
    } else {
      out.emplace_back(low, high);
    }
  }
  return out;
}

const CharacterSet kDigits{{'0', '9'}};
const CharacterSet kWord{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
// ECMA-262 12.2 and 12.3: WhiteSpace and LineTerminator.
const CharacterSet kSpace{{9, 13},          {' ', ' '},       {0xa0, 0xa0},     {0x1680, 0x1680},
                          {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
                          {0x3000, 0x3000}, {0xfeff, 0xfeff}};

struct Category {
  std::string_view name, long_name;
};
// By utf8proc_category_t, Unicode's table of general categories.
constexpr std::array<Category, 30> kCategories{{{"Cn", "Unassigned"},
                                                {"Lu", "Uppercase_Letter"},
                                                {"Ll", "Lowercase_Letter"},
                                                {"Lt", "Titlecase_Letter"},
                                                {"Lm", "Modifier_Letter"},
                                                {"Lo", "Other_Letter"},
                                                {"Mn", "Nonspacing_Mark"},
                                                {"Mc", "Spacing_Mark"},
                                                {"Me", "Enclosing_Mark"},
                                                {"Nd", "Decimal_Number"},
                                                {"Nl", "Letter_Number"},
                                                {"No", "Other_Number"},
                                                {"Pc", "Connector_Punctuation"},
                                                {"Pd", "Dash_Punctuation"},
                                                {"Ps", "Open_Punctuation"},
                                                {"Pe", "Close_Punctuation"},
                                                {"Pi", "Initial_Punctuation"},
                                                {"Pf", "Final_Punctuation"},
                                                {"Po", "Other_Punctuation"},
                                                {"Sm", "Math_Symbol"},
                                                {"Sc", "Currency_Symbol"},
                                                {"Sk", "Modifier_Symbol"},
                                                {"So", "Other_Symbol"},
                                                {"Zs", "Space_Separator"},
                                                {"Zl", "Line_Separator"},
                                                {"Zp", "Paragraph_Separator"},
                                                {"Cc", "Control"},
                                                {"Cf", "Format"},
                                                {"Cs", "Surrogate"},
                                                {"Co", "Private_Use"}}};
constexpr std::array<Category, 7> kGroups{{{"L", "Letter"},
                                           {"M", "Mark"},
                                           {"N", "Number"},
                                           {"P", "Punctuation"},
                                           {"S", "Symbol"},
                                           {"Z", "Separator"},
                                           {"C", "Other"}}};

// Of a category. A walk through all of Unicode, which a pattern may not ask for again and again.
const CharacterSet& characters_of(size_t category) {
  static const auto sets = [] {
    std::array<CharacterSet, kCategories.size()> out;
    for (const auto& [low, high] : any_character()) {
      for (uint32_t c = low; c <= high; c++) {
        CharacterSet& set = out[static_cast<size_t>(utf8proc_category(static_cast<utf8proc_int32_t>(c)))];
        if (!set.empty() && set.back().second + 1 == c) {
          set.back().second = c;
        } else {
          set.emplace_back(c, c);
        }
      }
    }
    return out;
  }();
  return sets[category];
}

std::optional<CharacterSet> property(std::string_view name) {
  for (std::string_view prefix : {"General_Category=", "gc="}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  if (name == "digit") name = "Nd";
  std::array<bool, kCategories.size()> wanted{};
  bool known = false;
  for (size_t i = 0; i < kCategories.size(); i++) {
    wanted[i] = name == kCategories[i].name || name == kCategories[i].long_name;
    for (const Category& group : kGroups) {
      const bool named = name == group.name || name == group.long_name;
      wanted[i] = wanted[i] || (named && kCategories[i].name[0] == group.name[0]);
    }
    known = known || wanted[i];
  }
  if (!known) return std::nullopt;
  CharacterSet set;
  for (size_t i = 0; i < kCategories.size(); i++) {
    if (wanted[i]) set.insert(set.end(), characters_of(i).begin(), characters_of(i).end());
  }
  return ordered(std::move(set));
}

std::optional<uint32_t> take_hex(std::string_view pattern, size_t& at, size_t least, size_t most) {
  uint32_t value = 0;
  size_t digits = 0;
  for (; digits < most && at < pattern.size(); digits++, at++) {
    const char c = pattern[at];
    const char lower = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      value = value * 16 + static_cast<uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<uint32_t>(lower - 'a' + 10);
    } else {
      break;
    }
  }
  if (digits < least) return std::nullopt;
  return value;
}

// \uXXXX, a pair of surrogates, or \u{X...}; at is behind the 'u'.
std::optional<uint32_t> take_unicode(std::string_view pattern, size_t& at) {
  if (at < pattern.size() && pattern[at] == '{') {
    at++;
    const auto code = take_hex(pattern, at, 1, 6);
    if (!code || *code > kLastCodePoint || at == pattern.size() || pattern[at] != '}') return std::nullopt;
    at++;
    return code;
  }
  const auto code = take_hex(pattern, at, 4, 4);
  if (!code || *code < 0xd800 || *code > 0xdbff || !pattern.substr(at).starts_with("\\u")) return code;
  size_t after = at + 2;
  const auto low = take_hex(pattern, after, 4, 4);
  if (!low || *low < 0xdc00 || *low > 0xdfff) return code;
  at = after;
  return 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
}

}  // namespace

CharacterSet any_character() { return {{0, 0xd7ff}, {0xe000, kLastCodePoint}}; }

CharacterSet inverted(const CharacterSet& set) {
  CharacterSet out;
  for (auto [low, high] : any_character()) {
    for (const auto& [first, last] : set) {
      if (last < low || first > high) continue;
      if (first > low) out.emplace_back(low, first - 1);
      low = last + 1;
    }
    if (low <= high) out.emplace_back(low, high);
  }
  return out;
}

bool contains(const CharacterSet& set, uint32_t character) {
  const auto after = std::upper_bound(set.begin(), set.end(), std::pair(character, UINT32_MAX));
  return after != set.begin() && std::prev(after)->second >= character;
}

Result<CharacterSet> escaped(std::string_view pattern, size_t& at) {
  const size_t begin = at++;
  if (at == pattern.size()) return refused("a '\\' at its end", begin);
  const char c = pattern[at];
  const auto one = [](uint32_t code) { return CharacterSet{{code, code}}; };
  if (static_cast<unsigned char>(c) >= 0x80) {
    const Utf8Char character = first_utf8_char(pattern.substr(at));
    at += character.length;
    return one(character.code);
  }
  at++;
  switch (c) {
    case 'd':
      return kDigits;
    case 'D':
      return inverted(kDigits);
    case 'w':
      return kWord;
    case 'W':
      return inverted(kWord);
    case 's':
      return kSpace;
    case 'S':
      return inverted(kSpace);
    case 't':
      return one('\t');
    case 'n':
      return one('\n');
    case 'v':
      return one('\v');
    case 'f':
      return one('\f');
    case 'r':
      return one('\r');
    default:
      break;
  }
  if (c == '0' && (at == pattern.size() || pattern[at] < '0' || pattern[at] > '9')) return one(0);
  if (c == 'c' && at < pattern.size() && ((pattern[at] | 0x20) >= 'a') && ((pattern[at] | 0x20) <= 'z')) {
    return one(static_cast<uint32_t>(pattern[at++] & 0x1f));
  }
  if (c == 'x') {
    if (const auto code = take_hex(pattern, at, 2, 2)) return one(*code);
  } else if (c == 'u') {
    if (const auto code = take_unicode(pattern, at)) return one(*code);
  } else if (c == 'p' || c == 'P') {
    const size_t close = pattern.find('}', at);
    if (at < pattern.size() && pattern[at] == '{' && close != std::string_view::npos) {
      if (const auto set = property(pattern.substr(at + 1, close - at - 1))) {
        at = close + 1;
        return c == 'p' ? *set : inverted(*set);
      }
    }
    return refused("a property that is no general category", begin);
  } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) {
    return one(static_cast<uint32_t>(c));
  }
  return refused(fmt::format("the escape '\\{}'", c), begin);
}

Result<CharacterSet> character_class(std::string_view pattern, size_t& at) {
  const size_t begin = at - 1;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) at++;
  CharacterSet set;
  // One character, or a set that cannot begin or end a range.
  const auto take = [&]() -> Result<CharacterSet> {
    if (pattern[at] == '\\') {
      if (pattern.substr(at).starts_with("\\b")) {
        at += 2;
        return CharacterSet{{'\b', '\b'}};
      }
      return escaped(pattern, at);
    }
    const Utf8Char c = first_utf8_char(pattern.substr(at));
    at += c.length;
    return CharacterSet{{c.code, c.code}};
  };
  const auto single = [](const CharacterSet& s) { return s.size() == 1 && s[0].first == s[0].second; };
  while (at < pattern.size() && pattern[at] != ']') {
    ASSIGN_OR_RETURN(CharacterSet first, take());
    if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
      const size_t dash = at++;
      ASSIGN_OR_RETURN(CharacterSet last, take());
      if (single(first) && single(last)) {
        if (first[0].first > last[0].first) return refused("a range that is out of order", dash);
        set.emplace_back(first[0].first, last[0].first);
        continue;
      }
      set.emplace_back('-', '-');  // Annex B: beside \w and the like a dash is itself
      set.insert(set.end(), last.begin(), last.end());
    }
    set.insert(set.end(), first.begin(), first.end());
  }
  if (at == pattern.size()) return refused("a '[' that is not closed", begin);
  at++;
  set = ordered(std::move(set));
  const CharacterSet outside = inverted(set);
  return negated ? outside : inverted(outside);  // the latter leaves surrogates out
}

}  // namespace understudy
