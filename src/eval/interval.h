// An interval and a share of n with its interval: no figure of quality is reported without them.
#pragma once

#include <cstdint>

namespace understudy {

struct Interval {
  double low = 0, high = 0;
};

// hits of n, with a two-sided 95 % Wilson interval (proportion.h).
struct Share {
  int64_t hits = 0, n = 0;
  double value = 0;
  Interval interval;
};

}  // namespace understudy
