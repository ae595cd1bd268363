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

// `rounds` x 8 independent int8 dot products held in registers: 8 * 64 multiply-adds a round. Returns a value
// that depends on all of them.
int32_t peak_int8(int rounds) {
  alignas(64) int8_t bytes[64];
  for (int i = 0; i < 64; i++) bytes[i] = static_cast<int8_t>(i % 16);
  Bytes codes = load_bytes(bytes);
  I32 acc[8];
  for (auto& a : acc) a = splat_i32(0);
  for (int round = 0; round < rounds; round++) {
    for (auto& a : acc) a = dot4(a, codes, bytes);
    __asm__ volatile("" : : "r"(bytes) : "memory");
  }
  for (int i = 1; i < 8; i++) acc[0] = add(acc[0], acc[i]);
  return reduce_add(acc[0]);
}

// `rounds` x 12 fused multiply-adds of 16 f32, on twelve registers of independent sums (latency 4, two a cycle:
// eight would do): with 16 registers of half the width that is six sums, twice. Returns a value that depends on all
// of them.
float peak_f32(int rounds) {
  constexpr int kSums = kMaxRows >= 8 ? 12 : 6;
  alignas(64) float ones[16];
  for (float& one : ones) one = 0.5f;
  F32 acc[kSums];
  for (auto& a : acc) a = splat(0);
  for (int round = 0; round < rounds; round++) {
    const F32 half = load(ones);
    for (int i = 0; i < 12; i++) acc[i % kSums] = fma(acc[i % kSums], half, half);
    __asm__ volatile("" : : "r"(ones) : "memory");
  }
  for (int i = 1; i < kSums; i++) acc[0] = add(acc[0], acc[i]);
  return reduce_add(acc[0]);
}
