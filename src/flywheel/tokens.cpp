#include "flywheel/tokens.h"

#include <algorithm>
#include <limits>

#include "flywheel/dates.h"
#include "flywheel/limits.h"

namespace understudy {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// The end of the word or number that starts at `pos`.
size_t end_of_word(std::string_view text, size_t pos) {
  for (;; ++pos) {
    if (pos < text.size() && is_word(text[pos])) continue;
    const bool joins = pos > 0 && pos + 1 < text.size() && is_digit(text[pos - 1]) &&
                       is_digit(text[pos + 1]) &&
                       std::string_view("-./:").find(text[pos]) != std::string_view::npos;
    if (!joins) return pos;
  }
}

size_t end_of_token(std::string_view text, size_t pos) {
  if (is_word(text[pos])) {
    if (const auto date = date_at(text, pos)) return pos + date->length;
    return end_of_word(text, pos);
  }
  size_t end = pos + 1;
  if (text[pos] == ' ' || text[pos] == '\t') {
    while (end < text.size() && text[end] == text[pos]) ++end;
  }
  return end;
}

}  // namespace

uint64_t hash_bytes(std::string_view bytes) {
  uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

std::vector<Token> tokens_of(std::string_view text) {
  text = text.substr(0, std::numeric_limits<uint32_t>::max());
  std::vector<Token> tokens;
  tokens.reserve(text.size() / 3);
  for (size_t pos = 0; pos < text.size();) {
    const size_t end = end_of_token(text, pos);
    tokens.push_back(
        {hash_bytes(text.substr(pos, end - pos)), static_cast<uint32_t>(pos), static_cast<uint32_t>(end)});
    pos = end;
  }
  return tokens;
}

size_t count_words(std::string_view text) {
  size_t words = 0;
  for (size_t pos = 0; pos < text.size();) {
    const size_t end = end_of_token(text, pos);
    words += is_word(text[pos]) ? 1 : 0;
    pos = end;
  }
  return words;
}

std::vector<uint64_t> shingles_of(std::string_view text, uint64_t salt) {
  std::vector<Token> tokens = tokens_of(text);
  if (tokens.size() > kMaxShingledTokens) {
    tokens.erase(tokens.begin() + kMaxShingledTokens * 2 / 3, tokens.end() - kMaxShingledTokens / 3);
  }
  std::vector<uint64_t> all;
  const size_t runs = tokens.size() < kShingleTokens ? 1 : tokens.size() - kShingleTokens + 1;
  for (size_t i = 0; i < runs; ++i) {
    uint64_t hash = salt;
    for (size_t j = i; j < std::min(i + kShingleTokens, tokens.size()); ++j) hash = mix(hash, tokens[j].hash);
    all.push_back(hash ^ (hash >> 32));
  }
  std::vector<uint64_t> kept;
  for (size_t i = 0; i == 0 || i + kWindow <= all.size(); ++i) {
    kept.push_back(
        *std::min_element(all.begin() + static_cast<ptrdiff_t>(i),
                          all.begin() + static_cast<ptrdiff_t>(std::min(i + kWindow, all.size()))));
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  return kept;
}

}  // namespace understudy
