// y = x W^T over packed weights, a panel of 16 output rows at a time. Included inside the namespace of a set.
//
// int8 arithmetic: per 32 K (per 16 where the format scales so) an exact integer dot, then one f32 FMA per
// group in ascending K. kRows rows share the unpacking of a tile; each keeps its own accumulator, so grouping
// changes no bit.

inline void store_columns(const LinearArgs& args, int row, int panel, F32 y) {
  int column = panel * 16;
  float* out = args.y + static_cast<size_t>(row) * static_cast<size_t>(args.y_stride) + column;
  int columns = args.n - column;
  if (columns >= 16) {
    if (args.bias != nullptr) y = add(y, load(args.bias + column));
    return store(out, y);
  }
  float values[16];
  store(values, y);
  for (int i = 0; i < columns; i++)
    out[i] = args.bias != nullptr ? values[i] + args.bias[column + i] : values[i];
}

template <class Format>
inline I32 start_dot(int32_t neg_sum) {
  if constexpr (Format::kOffsetLog2 == kSigned) return start8(neg_sum);
  if constexpr (Format::kOffsetLog2 >= 0) return shift_left<Format::kOffsetLog2>(splat_i32(neg_sum));
  return splat_i32(0);
}

template <class Format>
inline I32 dot_codes(I32 acc, Bytes codes, const int8_t* a) {
  if constexpr (Format::kOffsetLog2 == kSigned) return dot4_signed(acc, codes, a);
  return dot4(acc, codes, a);
}

template <class Format, int kRows>
inline void int8_rows(const LinearArgs& args, const uint8_t* panel_bytes_, int panel, int row) {
  constexpr PackedLayout kLayout = packed_layout(Format::kDType);
  const int k = args.k, tiles = k / kTileK;
  const uint8_t* quants = panel_bytes_;
  const uint8_t* scale_block = panel_bytes_ + panel_quant_bytes(Format::kDType, k);
  const int8_t* q[kRows];
  F32 acc[kRows];
  for (int m = 0; m < kRows; m++) {
    q[m] = args.int8.q + static_cast<size_t>(row + m) * static_cast<size_t>(k);
    acc[m] = splat(0);
  }
  const size_t first = static_cast<size_t>(row) * static_cast<size_t>(tiles);
  for (int tile = 0; tile < tiles; tile++) {
    I32 low[kRows], high[kRows];  // dots over the tile's lower and upper 16 K
    for (int m = 0; m < kRows; m++) {
      const int32_t* neg_sum = args.int8.neg_sum + 2 * (first + static_cast<size_t>(m * tiles + tile));
      low[m] = start_dot<Format>(Format::kHalves ? neg_sum[0] : neg_sum[0] + neg_sum[1]);
      high[m] = Format::kHalves ? start_dot<Format>(neg_sum[1]) : splat_i32(0);
    }
    for (int j = 0; j < 4; j++) {
      Bytes lo, hi;
      Format::codes(quants, j, lo, hi);
      for (int m = 0; m < kRows; m++) {
        low[m] = dot_codes<Format>(low[m], lo, q[m] + kTileK * tile + 4 * j);
        high[m] = dot_codes<Format>(high[m], hi, q[m] + kTileK * tile + 16 + 4 * j);
      }
    }
    Scales scales;
    Format::scales(scale_block, tile % kLayout.scale_tiles, scales);
    for (int m = 0; m < kRows; m++) {
      const size_t group = first + static_cast<size_t>(m * tiles + tile);
      F32 d = splat(args.int8.d[group]);
      if constexpr (Format::kHalves) {
        acc[m] = fma(to_f32(low[m]), mul(scales.scale, d), acc[m]);
        acc[m] = fma(to_f32(high[m]), mul(scales.second, d), acc[m]);
        if constexpr (Format::kMinimum) {
          const int32_t* neg_sum = args.int8.neg_sum + 2 * group;
          acc[m] = fma(scales.minimum, mul(d, to_f32(splat_i32(-neg_sum[0]))), acc[m]);
          acc[m] = fma(scales.second_minimum, mul(d, to_f32(splat_i32(-neg_sum[1]))), acc[m]);
        }
      } else {
        acc[m] = fma(to_f32(add(low[m], high[m])), mul(scales.scale, d), acc[m]);
        if constexpr (Format::kMinimum) acc[m] = fma(scales.minimum, splat(args.int8.dsum[group]), acc[m]);
      }
    }
    quants += kLayout.quant_bytes;
    if ((tile + 1) % kLayout.scale_tiles == 0) scale_block += kLayout.scale_bytes;
  }
  for (int m = 0; m < kRows; m++) store_columns(args, row + m, panel, acc[m]);
}

template <class Format, int kRows>
inline void float_rows(const LinearArgs& args, const uint8_t* panel_bytes_, int panel, int row) {
  F32 acc[kRows];
  const float* x[kRows];
  for (int m = 0; m < kRows; m++) {
    acc[m] = splat(0);
    x[m] = args.f32 + static_cast<size_t>(row + m) * static_cast<size_t>(args.k);
  }
  for (int i = 0; i < args.k; i++) {
    F32 w = Format::weights(panel_bytes_ + static_cast<size_t>(i) * 16 * Format::kBytes);
    for (int m = 0; m < kRows; m++) acc[m] = fma(w, splat(x[m][i]), acc[m]);
  }
  for (int m = 0; m < kRows; m++) store_columns(args, row + m, panel, acc[m]);
}

template <class Format, int kRows>
inline void linear_rows(const LinearArgs& args, const uint8_t* panel, int p, int row) {
  if constexpr (packed_layout(Format::kDType).scale_bytes > 0) {
    int8_rows<Format, kRows>(args, panel, p, row);
  } else {
    float_rows<Format, kRows>(args, panel, p, row);
  }
}

template <class Format>
void linear_format(const LinearArgs& args, int begin, int end) {
  for (int p = begin; p < end; p++) {
    const auto* panel = reinterpret_cast<const uint8_t*>(args.panels) +
                        static_cast<size_t>(p) * panel_bytes(Format::kDType, args.k);
    int row = 0;
    for (; row + kMaxRows <= args.rows; row += kMaxRows) linear_rows<Format, kMaxRows>(args, panel, p, row);
    for (; row + 2 <= args.rows; row += 2) linear_rows<Format, 2>(args, panel, p, row);
    for (; row < args.rows; row++) linear_rows<Format, 1>(args, panel, p, row);
  }
}

void linear(const LinearArgs& args, int begin, int end) {
  dispatch_format(args.dtype, [&]<class Format>(Format) { linear_format<Format>(args, begin, end); });
}
