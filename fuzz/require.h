// require(condition): a property that every input must keep; a broken one stops the fuzzer.
#pragma once

#include <cstdlib>

namespace understudy {
inline void require(bool condition) {
  if (!condition) std::abort();
}
}  // namespace understudy
