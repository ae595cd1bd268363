// A hash table of pairs of ids that are not negative, sized once: open addressing with linear probing.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace understudy {

template <typename Value>
class PairTable {
 public:
  explicit PairTable(size_t most_pairs) : slots_(std::bit_ceil(2 * most_pairs + 1)) {}

  // Of equal pairs the last counts.
  void insert(int32_t first, int32_t second, Value value) {
    const uint64_t key = key_of(first, second);
    slots_[slot_of(key)] = {key, value};
  }

  std::optional<Value> find(int32_t first, int32_t second) const {
    const Slot& slot = slots_[slot_of(key_of(first, second))];
    if (slot.key == kEmpty) return std::nullopt;
    return slot.value;
  }

 private:
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  struct Slot {
    uint64_t key = kEmpty;
    Value value{};
  };

  static uint64_t key_of(int32_t first, int32_t second) {
    return static_cast<uint64_t>(first) << 32 | static_cast<uint32_t>(second);
  }

  size_t slot_of(uint64_t key) const {
    const size_t mask = slots_.size() - 1;
    size_t at = (key * 0x9E3779B97F4A7C15u >> 32) & mask;  // Fibonacci hashing
    while (slots_[at].key != kEmpty && slots_[at].key != key) at = (at + 1) & mask;
    return at;
  }

  std::vector<Slot> slots_;
};

}  // namespace understudy
