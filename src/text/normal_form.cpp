#include "text/normal_form.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

#include "text/utf8.h"

namespace understudy {
namespace {

constexpr auto kCompose = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
constexpr auto kDecompose = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);

// Below U+0300 nothing decomposes in NFC and nothing combines.
bool is_trivially_nfc(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0xCC; });
}

std::vector<utf8proc_int32_t> decompose(std::string_view text) {
  std::vector<utf8proc_int32_t> decomposed;
  decomposed.reserve(text.size());
  std::array<utf8proc_int32_t, 32> expansion;  // canonical decompositions have at most four characters
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t code_point = 0;
    at += utf8proc_iterate(bytes + at, text.size() - at, &code_point);
    int boundary = 0;
    const auto count =
        utf8proc_decompose_char(code_point, expansion.data(), expansion.size(), kDecompose, &boundary);
    decomposed.insert(decomposed.end(), expansion.begin(), expansion.begin() + count);
  }
  return decomposed;
}

int combining_class(utf8proc_int32_t code_point) {
  return utf8proc_get_property(code_point)->combining_class;
}

void order_canonically(std::vector<utf8proc_int32_t>& code_points) {
  for (auto it = code_points.begin(); it != code_points.end();) {
    it = std::find_if(it, code_points.end(), [](auto c) { return combining_class(c) != 0; });
    const auto end = std::find_if(it, code_points.end(), [](auto c) { return combining_class(c) == 0; });
    std::stable_sort(it, end, [](auto a, auto b) { return combining_class(a) < combining_class(b); });
    it = end;
  }
}

std::vector<utf8proc_int32_t> decompose_in_order(std::string_view text) {
  std::vector<utf8proc_int32_t> code_points = decompose(text);
  order_canonically(code_points);
  return code_points;
}

std::string encode(const std::vector<utf8proc_int32_t>& code_points) {
  std::string text;
  text.reserve(code_points.size());
  for (const utf8proc_int32_t code : code_points) append_utf8(text, static_cast<char32_t>(code));
  return text;
}

}  // namespace

std::string to_nfc(std::string_view text) {
  if (is_trivially_nfc(text)) return std::string(text);
  std::vector<utf8proc_int32_t> code_points = decompose_in_order(text);
  const auto count = utf8proc_normalize_utf32(code_points.data(), code_points.size(), kCompose);
  code_points.resize(static_cast<size_t>(count));
  return encode(code_points);
}

std::string to_nfd(std::string_view text) { return encode(decompose_in_order(text)); }

}  // namespace understudy
