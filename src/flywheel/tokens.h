// Text as the tokens that mining compares: words (letters, digits, '_' and all non-ASCII bytes), numbers with
// what joins their digits (3.14, 10:30, 2026-11-22), whole dates, runs of blanks, single other bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace understudy {

struct Token {
  uint64_t hash = 0;  // FNV-1a of the bytes; what it decides is always checked against the bytes themselves
  uint32_t begin = 0;
  uint32_t end = 0;
  friend bool operator==(const Token& a, const Token& b) { return a.hash == b.hash; }
};

// The tokens of `text`, which lie end to end. Of more than 4 GiB only the first 4 GiB.
std::vector<Token> tokens_of(std::string_view text);

// Words and numbers in `text`.
size_t count_words(std::string_view text);

uint64_t hash_bytes(std::string_view bytes);  // FNV-1a
inline uint64_t mix(uint64_t hash, uint64_t more) { return (hash ^ more) * 0x9E3779B97F4A7C15ULL; }

// Winnowed hashes of runs of kShingleTokens tokens, sorted and unique: of every kWindow neighbouring runs the
// smallest hash stays (Schleimer, Wilkerson, Aiken, "Winnowing", SIGMOD 2003), so that two texts that share
// kShingleTokens + kWindow - 1 tokens in a row share a hash. A text of fewer tokens has one hash.
inline constexpr size_t kShingleTokens = 6, kWindow = 4;
std::vector<uint64_t> shingles_of(std::string_view text, uint64_t salt);

}  // namespace understudy
