// What a template may use. A template comes from a model file, and what it works on comes from a request:
// both are hostile. One table, so that the worst case can be read in one place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace understudy::jinja {

inline constexpr size_t kMaxSourceBytes = size_t{256} << 10;  // the largest known chat template has 22 KB
inline constexpr int kMaxParseDepth = 100;                    // nested blocks, brackets and unary operators
inline constexpr int kMaxDepth = 600;       // nested evaluation: expressions, blocks, macro calls
inline constexpr int kMaxValueDepth = 100;  // lists in lists; printing and comparing recurse
inline constexpr size_t kMaxTextBytes = size_t{8} << 20;  // any one string, the output included
inline constexpr int64_t kMaxRange = 100'000;             // as jinja2's sandbox (MAX_RANGE)

// Time and memory are one budget: a step is one evaluated node, one list item, or kBytesPerStep bytes of new
// text. An item keeps about 100 bytes alive, so a render stays below 200 MB whatever the template does.
inline constexpr size_t kMaxSteps = 2'000'000;
inline constexpr size_t kBytesPerStep = 64;
inline constexpr size_t kWalkedBytesPerStep =
    16;  // where each character is looked at on its own (upper, tojson, …)
inline constexpr size_t kSpansPerStep = 4;
inline constexpr size_t kScopesPerStep = 8;            // passed when a name is looked up
inline constexpr size_t kMaxTupleKeyBytes = 64 << 10;  // a tuple as a dict key; tuples can repeat themselves

}  // namespace understudy::jinja
