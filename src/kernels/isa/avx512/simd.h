// The vector vocabulary (isa/scalar/simd.h says what each name means) on AVX-512 F, BW, DQ, VL and VNNI.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace understudy::isa::avx512 {

using F32 = __m512;
using I32 = __m512i;
struct Bytes {
  __m512i v;
};

inline F32 splat(float x) { return _mm512_set1_ps(x); }
inline F32 load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, F32 x) { _mm512_storeu_ps(p, x); }
inline F32 add(F32 a, F32 b) { return _mm512_add_ps(a, b); }
inline F32 sub(F32 a, F32 b) { return _mm512_sub_ps(a, b); }
inline F32 mul(F32 a, F32 b) { return _mm512_mul_ps(a, b); }
inline F32 div(F32 a, F32 b) { return _mm512_div_ps(a, b); }
inline F32 max(F32 a, F32 b) { return _mm512_max_ps(a, b); }
inline F32 min(F32 a, F32 b) { return _mm512_min_ps(a, b); }
inline F32 abs(F32 a) { return _mm512_abs_ps(a); }
inline F32 fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
// Halves are folded (8, 4, 2, 1), so that sets with shorter vectors give the same bits.
inline float reduce_add(F32 x) {
  __m256 h = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
inline float reduce_max(F32 x) { return _mm512_reduce_max_ps(x); }
inline float inv_sqrt(float x) { return 1.0f / _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }
inline F32 keep_lanes(F32 x, int begin, int end, float other) {
  unsigned mask = (end >= 16 ? 0xffffu : (1u << end) - 1) & ~((1u << begin) - 1);
  return _mm512_mask_blend_ps(static_cast<__mmask16>(mask), splat(other), x);
}
inline F32 swap_neighbours(F32 x) { return _mm512_permute_ps(x, 0xb1); }

inline I32 splat_i32(int32_t x) { return _mm512_set1_epi32(x); }
inline I32 add(I32 a, I32 b) { return _mm512_add_epi32(a, b); }
template <int kBits>
inline I32 shift_left(I32 a) {
  return _mm512_slli_epi32(a, kBits);
}
inline F32 to_f32(I32 a) { return _mm512_cvtepi32_ps(a); }
inline I32 to_i32(F32 a) { return _mm512_cvtps_epi32(a); }
inline F32 pow2(I32 n) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(n, splat_i32(127)), 23));
}
inline void store_i8(int8_t* p, I32 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a));
}
inline int32_t reduce_add(I32 a) { return _mm512_reduce_add_epi32(a); }

inline F32 load_f16(const void* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
}
inline void store_f16(void* p, F32 x) {
  _mm256_storeu_si256(static_cast<__m256i*>(p),
                      _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
inline F32 load_bf16(const void* p) {
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(p))), 16));
}
inline F32 load_i8(const void* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
}
template <int kShift>
inline F32 load_nibbles(const void* p) {
  __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  return _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(bytes, kShift), _mm512_set1_epi32(15)));
}

inline Bytes load_bytes(const void* p) { return {_mm512_loadu_si512(p)}; }
inline void store_bytes(void* p, Bytes b) { _mm512_storeu_si512(p, b.v); }
template <int kFrom, int kCount, int kTo>
inline Bytes bits_to(Bytes b) {
  if constexpr (kTo > kFrom) b.v = _mm512_slli_epi16(b.v, kTo - kFrom);
  if constexpr (kFrom > kTo) b.v = _mm512_srli_epi16(b.v, kFrom - kTo);
  return {_mm512_and_si512(b.v, _mm512_set1_epi8(static_cast<char>(((1 << kCount) - 1) << kTo)))};
}
inline Bytes flip(Bytes b, uint8_t bits) {
  return {_mm512_xor_si512(b.v, _mm512_set1_epi8(static_cast<char>(bits)))};
}
inline Bytes bitwise_or(Bytes a, Bytes b) { return {_mm512_or_si512(a.v, b.v)}; }
template <int kBit>
inline Bytes bits_at(const void* mask) {
  uint64_t bits;
  __builtin_memcpy(&bits, mask, 8);
  return {_mm512_maskz_set1_epi8(bits, 1 << kBit)};
}
inline Bytes look_up(Bytes b, const int8_t* table) {
  __m128i entries = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  return {_mm512_shuffle_epi8(_mm512_broadcast_i32x4(entries), b.v)};
}

inline I32 broadcast4(const int8_t* a) {
  int32_t four;
  __builtin_memcpy(&four, a, 4);
  return _mm512_set1_epi32(four);
}
inline I32 dot4(I32 acc, Bytes codes, const int8_t* a) {
  return _mm512_dpbusd_epi32(acc, codes.v, broadcast4(a));
}
#include "kernels/generic/wide_sums.h"
// VNNI wants one unsigned side: codes + 128, and 128 * sum(a) is taken off at the start. Exact.
inline I32 start8(I32 neg_sum) { return _mm512_slli_epi32(neg_sum, 7); }
inline I32 dot4_signed(I32 acc, Bytes codes, const int8_t* a) {
  return _mm512_dpbusd_epi32(acc, _mm512_xor_si512(codes.v, _mm512_set1_epi8(-128)), broadcast4(a));
}

}  // namespace understudy::isa::avx512
