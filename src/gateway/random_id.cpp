#include "gateway/random_id.h"

#include <random>

namespace understudy {

uint64_t random_u64() {
  thread_local std::random_device device;  // the kernel's generator or the CPU's; both are cryptographic
  return static_cast<uint64_t>(device()) << 32 | device();
}

std::string random_id(std::string_view prefix) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string id(prefix);
  for (int i = 0; i < 3; ++i) {
    uint64_t bits = random_u64();
    for (int digit = 0; digit < 8; ++digit, bits /= kAlphabet.size())
      id += kAlphabet[bits % kAlphabet.size()];
  }
  return id;
}

}  // namespace understudy
