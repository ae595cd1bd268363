#include "store/call_id.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <random>

namespace understudy {
namespace {

constexpr std::string_view kPrefix = "call_";
constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford: no i, l, o, u
constexpr size_t kDigits = 26;  // of 5 bits: 130, the first two are 0
constexpr int64_t kMaxTime = (int64_t{1} << 48) - 1;
constexpr uint64_t kRandomA = (uint64_t{1} << 12) - 1, kRandomB = (uint64_t{1} << 62) - 1;

// A UUIDv7 of that time, its random bits from `a` and `b`.
std::string id_of(int64_t time_ms, uint64_t a, uint64_t b) {
  const auto time = static_cast<uint64_t>(std::clamp<int64_t>(time_ms, 0, kMaxTime));
  uint64_t high = time << 16 | uint64_t{7} << 12 | (a & kRandomA);
  uint64_t low = uint64_t{2} << 62 | (b & kRandomB);
  std::string id(kPrefix.size() + kDigits, '0');
  std::copy(kPrefix.begin(), kPrefix.end(), id.begin());
  for (size_t digit = id.size(); digit > kPrefix.size(); --digit) {
    id[digit - 1] = kAlphabet[low & 31];
    low = low >> 5 | high << 59;
    high >>= 5;
  }
  return id;
}

}  // namespace

int64_t unix_ms_now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string new_call_id(int64_t time_ms) {
  thread_local std::random_device device;  // the kernel's generator or the CPU's; both are cryptographic
  const auto random = [&] { return static_cast<uint64_t>(device()) << 32 | device(); };
  return id_of(time_ms, random(), random());
}

std::string first_call_id_of(int64_t time_ms) { return id_of(time_ms, 0, 0); }

std::optional<int64_t> time_of_call_id(std::string_view id) {
  if (id.size() != kPrefix.size() + kDigits || !id.starts_with(kPrefix)) return std::nullopt;
  uint64_t high = 0, low = 0;
  for (const char c : id.substr(kPrefix.size())) {
    const size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos || high >> 59 != 0) return std::nullopt;
    high = high << 5 | low >> 59;
    low = low << 5 | digit;
  }
  if ((high >> 12 & 15) != 7 || low >> 62 != 2) return std::nullopt;
  return static_cast<int64_t>(high >> 16);
}

}  // namespace understudy
