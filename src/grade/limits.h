// Limits of what graders read and say.
#pragma once

#include <cstddef>

namespace understudy {

constexpr size_t kMaxGradedBytes =
    1 << 20;  // an answer or a truth; JSON in memory takes up to 40 times as much
constexpr size_t kMaxNamedDifferences = 8;  // in one reason
constexpr size_t kMaxShownValueBytes = 80;  // of a value in a reason
constexpr size_t kMaxToolCalls = 128;       // in one answer

}  // namespace understudy
