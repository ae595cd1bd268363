// The words for sums of dot4 (isa/scalar/simd.h says what they mean) of sets whose dot product adds in 32 bits. Included inside the
// namespace of a set, after its I32.

using Sums = I32;
constexpr int sum_groups(int) { return 8; }
inline int32_t neg_sum_of(I32 q) { return -reduce_add(q); }
inline int32_t neg_sum_value(int32_t neg_sum) { return neg_sum; }
inline Sums zero_sums() { return splat_i32(0); }
template <int kLog2>
inline Sums begin_sums(int32_t neg_sum) {
  return shift_left<kLog2>(splat_i32(neg_sum));
}
template <int kLog2>
inline Sums begin_sums(int32_t lower, int32_t upper) {
  return shift_left<kLog2>(add(splat_i32(lower), splat_i32(upper)));
}
inline I32 end_sums(Sums sums) { return sums; }
inline constexpr bool kSplitDots = true;
