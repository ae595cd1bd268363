#include "text/charsmap.h"

#include <algorithm>

#include "text/check_spec.h"

namespace understudy {
namespace {

// A forged trie could have endless keys, and replacements of a megabyte. Unicode's longest decomposition,
// that of U+FDFA, has 33 bytes.
constexpr size_t kMaxKeyBytes = 256;
constexpr size_t kMaxReplacementBytes = 256;

uint32_t little_endian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

uint32_t offset_of(uint32_t unit) { return unit >> 10 << ((unit & 1u << 9) >> 6); }
uint32_t label_of(uint32_t unit) { return unit & (1u << 31 | 0xFF); }
bool has_value(uint32_t unit) { return unit >> 8 & 1; }
uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFF; }

}  // namespace

Result<Charsmap> Charsmap::create(std::string_view blob) {
  Charsmap map;
  if (blob.empty()) return map;
  const size_t trie_bytes = blob.size() < 4 ? 0 : little_endian(blob);
  if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes >= blob.size() - 4 || blob.back() != '\0') {
    return corrupt_tokenizer("a trie of " + std::to_string(trie_bytes) +
                                 " bytes and its replacements are not " + std::to_string(blob.size()) +
                                 " bytes that end with a NUL",
                             "tokenizer.ggml.precompiled_charsmap");
  }
  map.units_.reserve(trie_bytes / 4);
  for (size_t at = 4; at < 4 + trie_bytes; at += 4) map.units_.push_back(little_endian(blob.substr(at)));
  map.replacements_ = blob.substr(4 + trie_bytes);
  return map;
}

Charsmap::Match Charsmap::longest_match(std::string_view text) const {
  Match longest;
  if (units_.empty()) return longest;
  size_t at = offset_of(units_[0]);
  for (size_t i = 0; i < std::min(text.size(), kMaxKeyBytes); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    at ^= byte;
    if (byte == 0 || at >= units_.size() || label_of(units_[at]) != byte) break;
    const uint32_t unit = units_[at];
    at ^= offset_of(unit);
    if (at >= units_.size()) break;
    if (!has_value(unit) || value_of(units_[at]) >= replacements_.size()) continue;
    const std::string_view rest = std::string_view(replacements_).substr(value_of(units_[at]));
    const size_t length = rest.find('\0');
    if (length <= kMaxReplacementBytes) longest = {i + 1, rest.substr(0, length)};
  }
  return longest;
}

}  // namespace understudy
