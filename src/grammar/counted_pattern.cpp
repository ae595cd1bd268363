#include "grammar/counted_pattern.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "grammar/character_class.h"
#include "text/utf8.h"

namespace understudy {

namespace {

constexpr uint32_t kManyCopies = 32;  // fewer are a small automaton, whose masks are shorter
constexpr uint32_t kMostCopies = 1 << 20;

// Takes one character or class; false if something else stands there.
bool take_atom(std::string_view pattern, size_t& at) {
  switch (pattern[at]) {
    case '[':
      return character_class(pattern, ++at).ok();
    case '\\':
      return escaped(pattern, at).ok();
    case '(':
    case ')':
    case '|':
    case '*':
    case '+':
    case '?':
    case '{':
    case '}':
    case ']':
    case '^':
    case '$':
      return false;
    default:
      at += first_utf8_char(pattern.substr(at)).length;
      return true;
  }
}

std::optional<uint32_t> take_number(std::string_view pattern, size_t& at) {
  uint32_t number = 0;
  const auto [next, error] = std::from_chars(pattern.data() + at, pattern.data() + pattern.size(), number);
  if (error != std::errc()) return std::nullopt;
  at = static_cast<size_t>(next - pattern.data());
  return number;
}

// Takes {m}, {m,} or {m,n}; {1, 1} if nothing is repeated. The pattern ends in '$'.
std::optional<std::pair<uint32_t, uint32_t>> take_counts(std::string_view pattern, size_t& at) {
  if (pattern[at] == '*' || pattern[at] == '+' || pattern[at] == '?') return std::nullopt;
  if (pattern[at] != '{') return std::pair(1u, 1u);
  const auto low = take_number(pattern, ++at);
  if (!low) return std::nullopt;
  uint32_t high = *low;
  if (pattern[at] == ',') {
    high = kEndless;
    if (pattern[++at] != '}') {
      const auto number = take_number(pattern, at);
      if (!number) return std::nullopt;
      high = *number;
    }
  }
  if (pattern[at] != '}' || pattern[at + 1] == '?' || *low > high) return std::nullopt;
  at++;
  return std::pair(*low, high);
}

}  // namespace

std::optional<CountedPattern> counted_pattern(std::string_view pattern) {
  if (!pattern.starts_with('^') || !pattern.ends_with('$')) return std::nullopt;
  CountedPattern out{"^", 0, kEndless};
  uint32_t others = 0;
  std::optional<std::pair<uint32_t, uint32_t>> counted;
  size_t at = 1;
  while (at + 1 < pattern.size()) {
    const size_t begin = at;
    if (!take_atom(pattern, at) || at >= pattern.size()) return std::nullopt;
    const std::string_view atom = pattern.substr(begin, at - begin);
    const auto counts = take_counts(pattern, at);
    if (!counts) return std::nullopt;
    const auto [low, high] = *counts;
    if (low == high) {
      if (low > kMostCopies || others > kMostCopies) return std::nullopt;
      others += low;
      out.unbounded += pattern.substr(begin, at - begin);
      continue;
    }
    if (counted || low > kMostCopies) return std::nullopt;
    counted = counts;
    out.unbounded += std::string(atom) + "*";
  }
  if (at + 1 != pattern.size() || !counted) return std::nullopt;
  const auto [low, high] = *counted;
  if ((high == kEndless ? low : high) < kManyCopies) return std::nullopt;
  out.unbounded += '$';
  out.low = others + low;
  if (high != kEndless) out.high = others + std::min(high, kEndless - 1 - others);
  return out;
}

}  // namespace understudy
