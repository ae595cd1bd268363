#include "formats/allocation_meter_test.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

namespace {

std::atomic<long long> held_bytes{0}, peak_held_bytes{0};

void* allocate(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  long long held = held_bytes += static_cast<long long>(malloc_usable_size(memory));
  if (held > peak_held_bytes) peak_held_bytes = held;
  return memory;
}

void release(void* memory) {
  if (memory != nullptr) held_bytes -= static_cast<long long>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }

namespace understudy {

AllocationMeter::AllocationMeter() : start_(held_bytes) { peak_held_bytes = start_; }

size_t AllocationMeter::peak_bytes() const { return static_cast<size_t>(peak_held_bytes - start_); }

TEST(AllocationMeter, SeesWhatIsHeldAtOnce) {
  AllocationMeter meter;
  for (int i = 0; i < 3; ++i) std::vector<char> buffer(100'000);
  EXPECT_GE(meter.peak_bytes(), 100'000u);
  EXPECT_LT(meter.peak_bytes(), 200'000u);
}

}  // namespace understudy
