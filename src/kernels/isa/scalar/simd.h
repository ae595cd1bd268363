// The vector vocabulary of the generic kernels, in plain C++: 16 lanes of f32 and i32, 64 bytes of codes.
// Every set has the same names. This one defines what they mean.
#pragma once

#include <cstdint>
#include <cstring>

namespace understudy::isa::scalar {

struct F32 {
  float v[16];
};
struct I32 {
  int32_t v[16];
};
struct Bytes {
  uint8_t v[64];
};

#define LANES for (int i = 0; i < 16; i++)

inline F32 splat(float x) {
  F32 r;
  LANES r.v[i] = x;
  return r;
}
inline F32 load(const float* p) {
  F32 r;
  std::memcpy(r.v, p, 64);
  return r;
}
inline void store(float* p, F32 x) { std::memcpy(p, x.v, 64); }
inline F32 add(F32 a, F32 b) {
  LANES a.v[i] += b.v[i];
  return a;
}
inline F32 sub(F32 a, F32 b) {
  LANES a.v[i] -= b.v[i];
  return a;
}
inline F32 mul(F32 a, F32 b) {
  LANES a.v[i] *= b.v[i];
  return a;
}
inline F32 div(F32 a, F32 b) {
  LANES a.v[i] /= b.v[i];
  return a;
}
inline F32 max(F32 a, F32 b) {
  LANES a.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i];
  return a;
}
inline F32 min(F32 a, F32 b) {
  LANES a.v[i] = a.v[i] < b.v[i] ? a.v[i] : b.v[i];
  return a;
}
inline F32 abs(F32 a) {
  LANES a.v[i] = __builtin_fabsf(a.v[i]);
  return a;
}
// a * b + c; this set rounds twice, the others once.
inline F32 fma(F32 a, F32 b, F32 c) {
  LANES a.v[i] = a.v[i] * b.v[i] + c.v[i];
  return a;
}
inline float reduce_add(F32 x) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) x.v[i] += x.v[i + half];
  return x.v[0];
}
inline float reduce_max(F32 x) {
  for (int half = 8; half > 0; half /= 2)
    for (int i = 0; i < half; i++) x.v[i] = x.v[i] > x.v[i + half] ? x.v[i] : x.v[i + half];
  return x.v[0];
}
inline float inv_sqrt(float x) { return 1.0f / __builtin_sqrtf(x); }
// Lanes [begin, end) of x, `other` elsewhere.
inline F32 keep_lanes(F32 x, int begin, int end, float other) {
  LANES if (i < begin || i >= end) x.v[i] = other;
  return x;
}
// Lanes 1, 0, 3, 2, ...
inline F32 swap_neighbours(F32 x) {
  F32 r;
  LANES r.v[i] = x.v[i ^ 1];
  return r;
}

inline I32 splat_i32(int32_t x) {
  I32 r;
  LANES r.v[i] = x;
  return r;
}
inline I32 add(I32 a, I32 b) {
  LANES a.v[i] += b.v[i];
  return a;
}
template <int kBits>
inline I32 shift_left(I32 a) {
  LANES a.v[i] = static_cast<int32_t>(static_cast<uint32_t>(a.v[i]) << kBits);
  return a;
}
inline F32 to_f32(I32 a) {
  F32 r;
  LANES r.v[i] = static_cast<float>(a.v[i]);
  return r;
}
inline I32 to_i32(F32 a) {
  I32 r;
  LANES r.v[i] = static_cast<int32_t>(__builtin_rintf(a.v[i]));
  return r;
}  // nearest even
inline F32 pow2(I32 n) {
  F32 r;
  LANES {
    uint32_t b = static_cast<uint32_t>(n.v[i] + 127) << 23;
    std::memcpy(&r.v[i], &b, 4);
  }
  return r;
}
inline void store_i8(int8_t* p, I32 a) { LANES p[i] = static_cast<int8_t>(a.v[i]); }
inline int32_t reduce_add(I32 a) {
  int32_t s = 0;
  LANES s += a.v[i];
  return s;
}

inline float half_to_f32(uint16_t h) {
  uint32_t sign = static_cast<uint32_t>(h & 0x8000u) << 16, m = h & 0x7fffu, bits;
  if (m >= 0x7c00u)
    bits = 0x7f800000u | (m & 0x3ffu) << 13;
  else if (m >= 0x400u)
    bits = (m << 13) + 0x38000000u;
  else {
    float s = static_cast<float>(m) * 0x1p-24f;
    std::memcpy(&bits, &s, 4);
  }
  bits |= sign;
  float r;
  std::memcpy(&r, &bits, 4);
  return r;
}
inline uint16_t f32_to_half(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  uint32_t sign = (bits >> 16) & 0x8000u, m = bits & 0x7fffffffu;
  if (m > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);
  if (m >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);
  if (m < 0x38800000u) {
    float a;
    std::memcpy(&a, &m, 4);
    a += 0.5f;
    std::memcpy(&m, &a, 4);
    return static_cast<uint16_t>(sign | (m - 0x3f000000u));
  }
  m += 0xfffu + ((m >> 13) & 1);
  return static_cast<uint16_t>(sign | ((m - 0x38000000u) >> 13));
}
inline F32 load_f16(const void* p) {
  uint16_t h[16];
  std::memcpy(h, p, 32);
  F32 r;
  LANES r.v[i] = half_to_f32(h[i]);
  return r;
}
inline void store_f16(void* p, F32 x) {
  uint16_t h[16];
  LANES h[i] = f32_to_half(x.v[i]);
  std::memcpy(p, h, 32);
}
inline F32 load_bf16(const void* p) {
  uint16_t h[16];
  std::memcpy(h, p, 32);
  F32 r;
  LANES {
    uint32_t b = static_cast<uint32_t>(h[i]) << 16;
    std::memcpy(&r.v[i], &b, 4);
  }
  return r;
}
inline F32 load_i8(const void* p) {
  int8_t b[16];
  std::memcpy(b, p, 16);
  F32 r;
  LANES r.v[i] = static_cast<float>(b[i]);
  return r;
}
// Bits kShift to kShift + 3 of 16 bytes.
template <int kShift>
inline F32 load_nibbles(const void* p) {
  uint8_t b[16];
  std::memcpy(b, p, 16);
  F32 r;
  LANES r.v[i] = static_cast<float>(b[i] >> kShift & 15);
  return r;
}

inline Bytes load_bytes(const void* p) {
  Bytes r;
  std::memcpy(r.v, p, 64);
  return r;
}
inline void store_bytes(void* p, Bytes b) { std::memcpy(p, b.v, 64); }
// Bits [kFrom, kFrom + kCount) of every byte as bits [kTo, kTo + kCount), and zeros.
template <int kFrom, int kCount, int kTo>
inline Bytes bits_to(Bytes b) {
  for (auto& x : b.v) x = static_cast<uint8_t>((x >> kFrom & ((1 << kCount) - 1)) << kTo);
  return b;
}
inline Bytes flip(Bytes b, uint8_t bits) {
  for (auto& x : b.v) x ^= bits;
  return b;
}
inline Bytes bitwise_or(Bytes a, Bytes b) {
  for (int i = 0; i < 64; i++) a.v[i] |= b.v[i];
  return a;
}
// Bit i of the mask as bit kBit of byte i.
template <int kBit>
inline Bytes bits_at(const void* mask) {
  uint64_t m;
  std::memcpy(&m, mask, 8);
  Bytes r;
  for (int i = 0; i < 64; i++) r.v[i] = static_cast<uint8_t>((m >> i & 1) << kBit);
  return r;
}
// table[b] of every byte b < 16.
inline Bytes look_up(Bytes b, const int8_t* table) {
  for (auto& x : b.v) x = static_cast<uint8_t>(table[x]);
  return b;
}

// acc + sum over i of code(lane, i) * a[i]; codes below 64, a = 4 signed bytes.
inline I32 dot4(I32 acc, Bytes codes, const int8_t* a) {
  LANES for (int j = 0; j < 4; j++) acc.v[i] += codes.v[4 * i + j] * a[j];
  return acc;
}
// Where a set sums dot4 of many groups better in another form than I32: zero_sums or begin_sums, then dot4 of at most
// sum_groups(largest magnitude of a code less its offset) groups, then end_sums. begin_sums takes off what an offset of 2^kLog2 adds
// over 16 activations or twice 16; it takes their neg_sum_of, minus their sum in the set's own form, of which neg_sum_value is the
// number. kSplitDots: a chain of dot4 is so slow that a tile's halves are better summed side by side.
#include "kernels/generic/wide_sums.h"
// The same for signed 8-bit codes; start8 takes minus the sum of all a that follow.
inline I32 start8(I32) { return splat_i32(0); }
inline I32 dot4_signed(I32 acc, Bytes codes, const int8_t* a) {
  LANES for (int j = 0; j < 4; j++) acc.v[i] += static_cast<int8_t>(codes.v[4 * i + j]) * a[j];
  return acc;
}

#undef LANES

}  // namespace understudy::isa::scalar
