// For tests only: counts the bytes that operator new hands out in this program.
#pragma once

#include <cstddef>

namespace understudy {

// The largest amount of memory held at once since construction, beyond what was held then. One at a time.
class AllocationMeter {
 public:
  AllocationMeter();
  size_t peak_bytes() const;

 private:
  long long start_;
};

}  // namespace understudy
