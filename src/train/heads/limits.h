// Limits of heads, in one place.
#pragma once

#include <cstddef>

namespace understudy {

inline constexpr size_t kMaxHeadInputs = 16384;
inline constexpr size_t kMaxHeadClasses = 4096;
inline constexpr size_t kMaxHeadRows = size_t{1} << 20;  // of a fit
inline constexpr size_t kMaxHeadLabelBytes = 1024;       // of one label
inline constexpr size_t kMaxNeighbourRows = 4096;  // training rows that a domain gate keeps: 6 MB at 384 wide
inline constexpr size_t kMaxHeadHeaderBytes = size_t{8} << 20;  // of a file

}  // namespace understudy
