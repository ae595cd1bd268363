// A specialist that is quietly wrong, to see whether a proof notices.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace understudy {

// One answer in so many is swapped with the next one.
inline constexpr size_t kSwapEvery = 10;

// Swaps answers of the linear head in `folder` and signs the specialist anew, so that nothing but its answers tells that
// it is bad. Returns how many answers were swapped. Errors: those of the files; invalid_argument if it is no head.
Result<size_t> swap_answers(const std::string& folder);

}  // namespace understudy
