// Aligning two texts token by token, to see what of one stands in the other.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "flywheel/tokens.h"

namespace understudy {

// For each token of `a` the index of the token of `b` that it is aligned with, or -1. Aligned tokens are equal
// and in order. Equal ends are aligned first, then tokens that occur once in both (patience diff: longest
// increasing run of these), then what is small enough by longest common subsequence; the rest stays -1.
// O((|a| + |b|) log) but for the small quadratic parts; what lies between the equal ends of texts and is longer
// than kMaxAlignedTokens is not aligned.
std::vector<int32_t> align(std::span<const Token> a, std::span<const Token> b);

}  // namespace understudy
