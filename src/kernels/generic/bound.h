// What a row's outputs cannot exceed, from the upper four bits of each code: half the bytes of a matrix of 8 bits, two thirds
// of one of 6. Included inside the namespace of a set, after linear.h.
//
// A code is 2^low (n - 8) + l, where n are the upper four bits and l is in [0, 2^low - 1]. So a dot with x is at most that with
// l as large where x is positive and as small where it is negative, and at least that with l the other way round.

// Sums of the positive and of the negative ones of 16 activations.
struct SignedSums {
  int32_t positive, negative;
};

// Of each half of the row's tiles.
inline void signed_sums(const LinearArgs& args, SignedSums* sums) {
  for (int half = 0; half < args.k / 16; half++) {
    const int8_t* q = args.int8.q + 16 * half;
    int32_t positive = 0;
    for (int i = 0; i < 16; i++) positive += q[i] > 0 ? q[i] : 0;
    sums[half] = {positive, -neg_sum_value(args.int8.neg_sum[half]) - positive};
  }
}

// Estimates and bounds of a panel's columns, tile by tile.
template <int kLowBits>
struct BoundSums {
  F32 estimate = splat(0), bound = splat(0);

  // dot: of n - 8 and x. A scale may be negative.
  [[gnu::always_inline]] void add_dot(I32 dot, F32 scale, float d, SignedSums x) {
    constexpr int kLow = (1 << kLowBits) - 1;
    dot = shift_left<kLowBits>(dot);
    const F32 by = mul(scale, splat(d));
    const F32 most = mul(by, to_f32(add(dot, splat_i32(kLow * x.positive))));
    const F32 least = mul(by, to_f32(add(dot, splat_i32(kLow * x.negative))));
    bound = add(bound, max(most, least));
    estimate = add(estimate, mul(splat(0.5f), add(most, least)));
  }

  // No output exceeds it as linear() rounds it. A sum of n terms of two roundings each is off by (n + 2) 2^-24 of the terms'
  // magnitudes, which add up to at most 24 times what lies between estimate and bound (6 bits; 20 with 8): this sum and that
  // of the output together by 1 / 340 of it at n = K / 16, K = kMaxBoundK.
  F32 rigorous() const { return fma(sub(bound, estimate), splat(1.0f / 128), bound); }
};

template <class Format>
void bound_format(const LinearArgs& args, int begin, int end, float* estimates, float* bounds) {
  constexpr PackedLayout kLayout = packed_layout(Format::kDType);
  constexpr uint8_t kFlip = Format::kOffsetLog2 == kSigned ? 0x88 : 0;  // n - 8 as it stands, else n
  SignedSums sums[kMaxBoundK / 16];
  signed_sums(args, sums);
  const int32_t* neg_sum = args.int8.neg_sum;
  const size_t stride = panel_bytes(Format::kDType, args.k);
  for (int p = begin; p < end; p++) {
    const auto* quants = reinterpret_cast<const uint8_t*>(args.panels) + static_cast<size_t>(p) * stride;
    const uint8_t* scale_block = quants + panel_scales_at(Format::kDType, args.k);
    QuantsAhead<kLayout.quant_bytes, kAheadBytes / kLayout.quant_bytes> ahead(quants, args.k, stride);
    BoundSums<Format::kLowBits> columns;
    for (int tile = 0; tile < args.k / kTileK; tile++, quants += kLayout.quant_bytes) {
      ahead.next_tile();
      if (tile % kLayout.scale_tiles == 0) prefetch<kLayout.scale_bytes>(scale_block + stride);
      const int8_t* q = args.int8.q + kTileK * tile;
      Sums lower = begin_sums<3>(neg_sum[2 * tile]), upper = begin_sums<3>(neg_sum[2 * tile + 1]);
      for (int j = 0; j < 4; j++) {
        const Bytes both = flip(load_bytes(quants + 64 * j), kFlip);
        lower = dot4(lower, bits_to<0, 4, 0>(both), q + 4 * j);
        upper = dot4(upper, bits_to<4, 4, 0>(both), q + 16 + 4 * j);
      }
      const I32 lower_dot = end_sums(lower), upper_dot = end_sums(upper);
      Scales scales;
      Format::scales(scale_block, tile % kLayout.scale_tiles, scales);
      if ((tile + 1) % kLayout.scale_tiles == 0) scale_block += kLayout.scale_bytes;
      const SignedSums* x = sums + 2 * tile;
      const float d = args.int8.d[tile];
      if constexpr (Format::kHalves) {
        columns.add_dot(lower_dot, scales.scale, d, x[0]);
        columns.add_dot(upper_dot, scales.second, d, x[1]);
      } else {
        columns.add_dot(add(lower_dot, upper_dot), scales.scale, d,
                        {x[0].positive + x[1].positive, x[0].negative + x[1].negative});
      }
    }
    const F32 bound = columns.rigorous();
    estimates[p] = reduce_max(columns.estimate);
    bounds[p] = reduce_max(bound) + reduce_add(sub(bound, bound));  // 0, or NaN where a bound is not finite
  }
}

void bound(const LinearArgs& args, int begin, int end, float* estimates, float* bounds) {
  dispatch_format(args.dtype, [&]<class Format>(Format) {
    if constexpr (Format::kLowBits > 0) bound_format<Format>(args, begin, end, estimates, bounds);
  });
}
