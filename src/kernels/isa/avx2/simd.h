// The vector vocabulary (isa/scalar/simd.h says what each name means) on AVX2, FMA and F16C: 16 lanes are two
// halves. With AVX_VNNI the dot product is one instruction; the including stub names the set
// (UNDERSTUDY_ISA_NAMESPACE).
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace understudy::isa::UNDERSTUDY_ISA_NAMESPACE {

struct F32 {
  __m256 lo, hi;
};
struct I32 {
  __m256i lo, hi;
};
struct Bytes {
  __m256i lo, hi;
};

inline F32 splat(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline F32 load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void store(float* p, F32 x) {
  _mm256_storeu_ps(p, x.lo);
  _mm256_storeu_ps(p + 8, x.hi);
}
inline F32 add(F32 a, F32 b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
inline F32 sub(F32 a, F32 b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
inline F32 mul(F32 a, F32 b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
inline F32 div(F32 a, F32 b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
inline F32 max(F32 a, F32 b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
inline F32 min(F32 a, F32 b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }
inline F32 abs(F32 a) {
  __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
}
inline F32 fma(F32 a, F32 b, F32 c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
inline float reduce_add(F32 x) {
  __m256 h = _mm256_add_ps(x.lo, x.hi);
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
inline float reduce_max(F32 x) {
  __m256 h = _mm256_max_ps(x.lo, x.hi);
  __m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_max_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}
inline float inv_sqrt(float x) { return 1.0f / _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }
inline F32 keep_lanes(F32 x, int begin, int end, float other) {
  const __m256i first = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  auto keep = [&](__m256 half, int base) {
    __m256i lane = _mm256_add_epi32(first, _mm256_set1_epi32(base));
    __m256i inside = _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(begin), lane),
                                         _mm256_cmpgt_epi32(_mm256_set1_epi32(end), lane));
    return _mm256_blendv_ps(_mm256_set1_ps(other), half, _mm256_castsi256_ps(inside));
  };
  return {keep(x.lo, 0), keep(x.hi, 8)};
}
inline F32 swap_neighbours(F32 x) { return {_mm256_permute_ps(x.lo, 0xb1), _mm256_permute_ps(x.hi, 0xb1)}; }

inline I32 splat_i32(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
inline I32 add(I32 a, I32 b) { return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)}; }
template <int kBits>
inline I32 shift_left(I32 a) {
  return {_mm256_slli_epi32(a.lo, kBits), _mm256_slli_epi32(a.hi, kBits)};
}
inline F32 to_f32(I32 a) { return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)}; }
inline I32 to_i32(F32 a) { return {_mm256_cvtps_epi32(a.lo), _mm256_cvtps_epi32(a.hi)}; }
inline F32 pow2(I32 n) {
  I32 bits = shift_left<23>(add(n, splat_i32(127)));
  return {_mm256_castsi256_ps(bits.lo), _mm256_castsi256_ps(bits.hi)};
}
inline void store_i8(int8_t* p, I32 a) {
  __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(a.lo, a.hi), 0xd8);
  __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
}
inline int32_t reduce_add(I32 a) {
  __m256i h = _mm256_add_epi32(a.lo, a.hi);
  __m128i q = _mm_add_epi32(_mm256_castsi256_si128(h), _mm256_extracti128_si256(h, 1));
  q = _mm_add_epi32(q, _mm_shuffle_epi32(q, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(q, _mm_shuffle_epi32(q, 0xb1)));
}

inline __m128i half_vector(const void* p, int i) {
  return _mm_loadu_si128(static_cast<const __m128i*>(p) + i);
}
inline F32 load_f16(const void* p) {
  return {_mm256_cvtph_ps(half_vector(p, 0)), _mm256_cvtph_ps(half_vector(p, 1))};
}
inline void store_f16(void* p, F32 x) {
  _mm_storeu_si128(static_cast<__m128i*>(p),
                   _mm256_cvtps_ph(x.lo, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  _mm_storeu_si128(static_cast<__m128i*>(p) + 1,
                   _mm256_cvtps_ph(x.hi, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
inline F32 load_bf16(const void* p) {
  auto widen = [](__m128i h) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16)); };
  return {widen(half_vector(p, 0)), widen(half_vector(p, 1))};
}
inline F32 load_i8(const void* p) {
  __m128i b = half_vector(p, 0);
  return to_f32(I32{_mm256_cvtepi8_epi32(b), _mm256_cvtepi8_epi32(_mm_srli_si128(b, 8))});
}
template <int kShift>
inline F32 load_nibbles(const void* p) {
  __m128i nibbles = _mm_and_si128(_mm_srli_epi16(half_vector(p, 0), kShift), _mm_set1_epi8(15));
  return to_f32(I32{_mm256_cvtepu8_epi32(nibbles), _mm256_cvtepu8_epi32(_mm_srli_si128(nibbles, 8))});
}

inline Bytes load_bytes(const void* p) {
  auto* v = static_cast<const __m256i*>(p);
  return {_mm256_loadu_si256(v), _mm256_loadu_si256(v + 1)};
}
inline void store_bytes(void* p, Bytes b) {
  auto* v = static_cast<__m256i*>(p);
  _mm256_storeu_si256(v, b.lo);
  _mm256_storeu_si256(v + 1, b.hi);
}
template <int kFrom, int kCount, int kTo>
inline Bytes bits_to(Bytes b) {
  const auto move = [](__m256i v) {
    if constexpr (kTo > kFrom) v = _mm256_slli_epi16(v, kTo - kFrom);
    if constexpr (kFrom > kTo) v = _mm256_srli_epi16(v, kFrom - kTo);
    return _mm256_and_si256(v, _mm256_set1_epi8(static_cast<char>(((1 << kCount) - 1) << kTo)));
  };
  return {move(b.lo), move(b.hi)};
}
inline Bytes flip(Bytes b, uint8_t bits) {
  const __m256i all = _mm256_set1_epi8(static_cast<char>(bits));
  return {_mm256_xor_si256(b.lo, all), _mm256_xor_si256(b.hi, all)};
}
inline Bytes bitwise_or(Bytes a, Bytes b) {
  return {_mm256_or_si256(a.lo, b.lo), _mm256_or_si256(a.hi, b.hi)};
}
template <int kBit>
inline Bytes bits_at(const void* mask) {
  uint32_t words[2];
  __builtin_memcpy(words, mask, 8);
  auto expand = [](uint32_t bits) {
    // Byte i of the vector looks at bit i % 8 of mask byte i / 8.
    const __m256i spread = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ull));
    __m256i bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(bits)), spread);
    return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit),
                            _mm256_set1_epi8(1 << kBit));
  };
  return {expand(words[0]), expand(words[1])};
}
inline Bytes look_up(Bytes b, const int8_t* table) {
  __m256i entries = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
  return {_mm256_shuffle_epi8(entries, b.lo), _mm256_shuffle_epi8(entries, b.hi)};
}

inline __m256i broadcast4(const int8_t* a) {
  int32_t four;
  __builtin_memcpy(&four, a, 4);
  return _mm256_set1_epi32(four);
}
#ifdef __AVXVNNI__
inline __m256i dot4_half(__m256i acc, __m256i codes, __m256i a) {
  return _mm256_dpbusd_avx_epi32(acc, codes, a);
}
inline I32 dot4(I32 acc, Bytes codes, const int8_t* a) {
  __m256i four = broadcast4(a);
  return {dot4_half(acc.lo, codes.lo, four), dot4_half(acc.hi, codes.hi, four)};
}
#include "kernels/generic/wide_sums.h"
#else
// Left alone, g++ 12 adds products in pairs and then has no registers for them.
inline __m256i in_order(__m256i sum) {
  __asm__("" : "+x"(sum));
  return sum;
}
inline __m256i add_pairs(__m256i acc, __m256i pairs) {
  return in_order(_mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))));
}
inline __m256i dot4_half(__m256i acc, __m256i codes, __m256i a) {
  return add_pairs(acc, _mm256_maddubs_epi16(codes, a));
}
// Pairs of products of some groups, summed in the 16 bits that maddubs leaves. On the way they may wrap: what counts is that the
// sum of (code - offset) * a, 2 * 127 * |code - offset| a group at most, is below 2^15 at the end.
struct Sums {
  __m256i lo, hi;
};
constexpr int sum_groups(int largest) { return 32767 / (2 * 127 * largest); }
// The sum over the first two of every four in the lower 16 bits, over the others in the upper.
inline int32_t neg_sum_of(I32 q) {
  const __m256i eight = _mm256_add_epi32(q.lo, q.hi);
  const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  const __m128i two = _mm_sub_epi32(_mm_setzero_si128(), _mm_hadd_epi32(four, four));
  return _mm_cvtsi128_si32(_mm_packs_epi32(two, two));
}
inline int32_t neg_sum_value(int32_t neg_sum) { return static_cast<int16_t>(neg_sum) + (neg_sum >> 16); }
inline Sums zero_sums() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
template <int kLog2>
inline Sums begin_sums(int32_t neg_sum) {
  const __m256i both = _mm256_slli_epi16(_mm256_set1_epi32(neg_sum), kLog2);
  return {both, both};
}
template <int kLog2>
inline Sums begin_sums(int32_t lower, int32_t upper) {
  const __m256i sums = _mm256_add_epi16(_mm256_set1_epi32(lower), _mm256_set1_epi32(upper));
  return {_mm256_slli_epi16(sums, kLog2), _mm256_slli_epi16(sums, kLog2)};
}
inline I32 end_sums(Sums sums) {
  const __m256i ones = _mm256_set1_epi16(1);
  return {in_order(_mm256_madd_epi16(sums.lo, ones)), in_order(_mm256_madd_epi16(sums.hi, ones))};
}
inline Sums dot4(Sums sums, Bytes codes, const int8_t* a) {
  __m256i four = broadcast4(a);
  return {in_order(_mm256_add_epi16(sums.lo, _mm256_maddubs_epi16(codes.lo, four))),
          in_order(_mm256_add_epi16(sums.hi, _mm256_maddubs_epi16(codes.hi, four)))};
}
inline constexpr bool kSplitDots = false;
#endif
// Signed codes: |code| * (sign(code) * a) keeps one side unsigned; 2 * 128 * 127 < 2^15, exact since |a| <=
// 127.
inline I32 start8(I32) { return splat_i32(0); }
inline I32 dot4_signed(I32 acc, Bytes codes, const int8_t* a) {
  __m256i four = broadcast4(a);
  return {dot4_half(acc.lo, _mm256_abs_epi8(codes.lo), _mm256_sign_epi8(four, codes.lo)),
          dot4_half(acc.hi, _mm256_abs_epi8(codes.hi), _mm256_sign_epi8(four, codes.hi))};
}

}  // namespace understudy::isa::UNDERSTUDY_ISA_NAMESPACE
