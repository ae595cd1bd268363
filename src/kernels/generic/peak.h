// What the machine can do at best with this set's instructions: the yardsticks of `understudy bench`.
// Included inside the namespace of a set.

// Reads every byte once, with a prefetch 1 KiB ahead; returns a value that depends on all of them.
uint64_t read_all(const std::byte* data, size_t bytes) {
  Bytes seen[4] = {load_bytes(data), load_bytes(data), load_bytes(data), load_bytes(data)};
  for (size_t i = 0; i + 256 <= bytes; i += 256) {
    for (int v = 0; v < 4; v++) {
      __builtin_prefetch(data + i + 1024 + 64 * v);
      seen[v] = bitwise_or(seen[v], load_bytes(data + i + 64 * static_cast<size_t>(v)));
    }
  }
  Bytes all = bitwise_or(bitwise_or(seen[0], seen[1]), bitwise_or(seen[2], seen[3]));
  uint64_t word;
  __builtin_memcpy(&word, &all, 8);
  return word;
}

// Eight dot products of 64 codes, as the set sums them. Type: Sums.
template <class Type, int kSums>
[[gnu::always_inline]] inline void add_eight_dots(I32 (&acc)[kSums], Bytes codes, const int8_t* a) {
  constexpr bool kWide = std::is_same_v<Type, I32>;
  Type sums[kSums];
  for (int i = 0; i < kSums; i++) {
    if constexpr (kWide)
      sums[i] = acc[i];
    else
      sums[i] = zero_sums();
  }
  for (int group = 0; group < 8 / kSums; group++) {
    for (int i = 0; i < kSums; i++) sums[i] = dot4(sums[i], codes, a + 4 * (kSums * group + i));
  }
  for (int i = 0; i < kSums; i++) {
    if constexpr (kWide)
      acc[i] = sums[i];
    else
      acc[i] = add(acc[i], end_sums(sums[i]));
  }
}

// `rounds` x 8 int8 dot products of 64 codes of 4 bits, held in registers. Returns a value that depends on all of them.
int32_t peak_int8(int rounds) {
  constexpr int kSums = kMaxRows >= 8 ? 8 : kSplitDots ? 4 : 2;  // that the registers hold
  alignas(64) int8_t bytes[64];
  for (int i = 0; i < 64; i++) bytes[i] = static_cast<int8_t>(i % 16);
  // What the compiler knew of the bytes, it would compute once for all.
  const auto unknown = [&bytes] {
    const int8_t* p = bytes;
    __asm__ volatile("" : "+r"(p));
    return p;
  };
  const Bytes codes = load_bytes(unknown());
  I32 acc[kSums];
  for (auto& a : acc) a = splat_i32(0);
  for (int round = 0; round < rounds; round++) add_eight_dots<Sums>(acc, codes, unknown());
  for (int i = 1; i < kSums; i++) acc[0] = add(acc[0], acc[i]);
  return reduce_add(acc[0]);
}

// `rounds` x 12 fused multiply-adds of 16 f32, on twelve registers of independent sums (latency 4, two a cycle:
// eight would do): with 16 registers of half the width that is six sums, twice. Returns a value that depends on all
// of them.
float peak_f32(int rounds) {
  constexpr int kSums = kMaxRows >= 8 ? 12 : 6;
  const F32 half = splat(0.5f);
  F32 acc[kSums];
  for (int i = 0; i < kSums; i++) acc[i] = splat(static_cast<float>(i));  // equal ones would become one
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < 12; i++) acc[i % kSums] = fma(acc[i % kSums], half, half);
  }
  for (int i = 1; i < kSums; i++) acc[0] = add(acc[0], acc[i]);
  return reduce_add(acc[0]);
}
