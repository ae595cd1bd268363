// y = x W^T over packed weights, a panel of 16 output rows at a time. Included inside the namespace of a set.
//
// int8 arithmetic: per 32 K (per 16 where the format scales so) an exact integer dot, then one f32 FMA per
// group in ascending K. Rows share the unpacking of weights, a few rows that of a tile as they go (int8_rows), many that
// of a chunk of K into the first-level cache (OpenTiles); each row keeps its own accumulator, so grouping changes no bit.

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

// acc + minimum * (sum of x) of a tile, half by half (`second`: of the upper) where halves have minima of their own.
template <class Format>
[[gnu::always_inline]] inline F32 add_minimum(F32 acc, F32 minimum, F32 second, float d, float dsum,
                                              const int32_t* neg_sum) {
  if constexpr (!Format::kHalves) return fma(minimum, splat(dsum), acc);
  acc = fma(minimum, mul(splat(d), to_f32(splat_i32(-neg_sum_value(neg_sum[0])))), acc);
  return fma(second, mul(splat(d), to_f32(splat_i32(-neg_sum_value(neg_sum[1])))), acc);
}

// A row's sum after a tile: acc + scale * dot + minimum * (sum of x), in this order. `lower` and `upper`: of the halves, if
// those have scales of their own; else `lower` is of all.
template <class Format>
[[gnu::always_inline]] inline F32 add_dots(F32 acc, F32 lower, F32 upper, const Scales& scales, float d,
                                           float dsum, const int32_t* neg_sum) {
  const F32 scale = splat(d);
  acc = fma(lower, mul(scales.scale, scale), acc);
  if constexpr (Format::kHalves) acc = fma(upper, mul(scales.second, scale), acc);
  if constexpr (Format::kMinimum)
    acc = add_minimum<Format>(acc, scales.minimum, scales.second_minimum, d, dsum, neg_sum);
  return acc;
}

// How the dots of a tile are summed: of signed codes in 32 bits, of others in what the set likes (Sums), which begins at minus
// what the codes' offset adds.
template <class Format>
struct DotsOf {
  static constexpr bool kWide = Format::kOffsetLog2 == kSigned;
  static constexpr int kLog2 = Format::kOffsetLog2;
  static constexpr int kLargest = Format::kCodes.offset > 0 ? Format::kCodes.offset
                                                            : (1 << Format::kCodes.bits) - 1;
  // Groups that a sum takes: of a half, if it has a scale of its own or more don't fit, else of the tile.
  static constexpr int kGroups = Format::kHalves || (!kWide && sum_groups(kLargest) < 8) ? 4 : 8;
  static_assert(kWide || sum_groups(kLargest) >= kGroups);
  using Type = std::conditional_t<kWide, I32, Sums>;

  // For `kSpan` halves of a tile, whose neg_sum these are.
  template <int kSpan>
  static Type begin(const int32_t* neg_sum) {
    if constexpr (kWide)
      return start8(splat_i32(neg_sum_value(neg_sum[0]) + (kSpan == 2 ? neg_sum_value(neg_sum[1]) : 0)));
    else if constexpr (kLog2 == kNone)
      return zero_sums();
    else if constexpr (kSpan == 2)
      return begin_sums<kLog2>(neg_sum[0], neg_sum[1]);
    else
      return begin_sums<kLog2>(neg_sum[0]);
  }
  static Type add(Type sums, Bytes codes, const int8_t* a) {
    if constexpr (kWide)
      return dot4_signed(sums, codes, a);
    else
      return dot4(sums, codes, a);
  }
  static I32 end(Type sums) {
    if constexpr (kWide)
      return sums;
    else
      return end_sums(sums);
  }
};

// Inlined at once: to g++ a function that only prefetches does nothing, and it removes the call.
template <int kBytes>
[[gnu::always_inline]] inline void prefetch(const uint8_t* p) {
  for (int i = 0; i < kBytes; i += 64) __builtin_prefetch(p + i);
}

// How far ahead of their use weights are fetched. One Zen 5 core reads Q4_K at 31, 35, 36 and 31 GB/s with 8, 5, 4 and 2 KiB,
// Q5_0 at 36, 37, 34 and 30.
inline constexpr int kAheadBytes = 5120;

// Quants, low quants and scales of a panel are streams of a few KiB each: too short for the hardware's prefetchers, which begin
// again at every 4 KiB. This walks the `kTileBytes` of every tile `kTiles` ahead of their use, from panel to panel.
template <int kTileBytes, int kTiles>
class QuantsAhead {
 public:
  // `quants`: of the first panel.
  QuantsAhead(const uint8_t* quants, int k, size_t panel_bytes) {
    if constexpr (kTileBytes > 0) {
      const int tiles = k / kTileK;
      const uint8_t* ahead = quants + static_cast<size_t>(kTiles / tiles) * panel_bytes;
      next_ = ahead + kTiles % tiles * kTileBytes;
      end_ = ahead + tiles * kTileBytes;
      panel_bytes_ = panel_bytes;
      gap_ = panel_bytes - static_cast<size_t>(tiles * kTileBytes);
    }
  }
  [[gnu::always_inline]] void next_tile() {
    if constexpr (kTileBytes > 0) {
      prefetch<kTileBytes>(next_);
      next_ += kTileBytes;
      if (next_ == end_) {
        next_ += gap_;
        end_ += panel_bytes_;
      }
    }
  }

 private:
  size_t panel_bytes_ = 0, gap_ = 0;
  const uint8_t *next_ = nullptr, *end_ = nullptr;  // end_: of the quants of the panel in which next_ lies
};

// Both of a panel.
template <class Format>
class CodesAhead {
 public:
  CodesAhead(const uint8_t* panel, int k)
      : quants_(panel, k, panel_bytes(Format::kDType, k)),
        low_(panel + panel_low_at(Format::kDType, k), k, panel_bytes(Format::kDType, k)) {}
  [[gnu::always_inline]] void next_tile() {
    quants_.next_tile();
    low_.next_tile();
  }

 private:
  static constexpr PackedLayout kLayout = packed_layout(Format::kDType);
  static constexpr int kTiles = kAheadBytes / (kLayout.quant_bytes + kLayout.low_bytes);
  QuantsAhead<kLayout.quant_bytes, kTiles> quants_;
  QuantsAhead<kLayout.low_bytes, kTiles> low_;
};

// Rows [row, row + kRows) of one group. Inlined, so that the sums of all rows are registers.
template <class Format, int kRows>
[[gnu::always_inline]] inline void int8_rows(const LinearArgs& args, const uint8_t* panel_bytes_, int panel,
                                             int row) {
  static_assert(kRowGroup % kRows == 0);
  using Dots = DotsOf<Format>;
  // Sums of a row: one for each half, or for both.
  constexpr int kSums = Dots::kGroups == 4 || kSplitDots ? 2 : 1, kSpan = 2 / kSums;
  constexpr PackedLayout kLayout = packed_layout(Format::kDType);
  const int k = args.k, tiles = k / kTileK;
  const uint8_t *quants = panel_bytes_, *low = panel_bytes_ + panel_low_at(Format::kDType, k);
  const uint8_t* scale_block = panel_bytes_ + panel_scales_at(Format::kDType, k);
  const int group = row / kRowGroup * kRowGroup;
  const int stride = args.rows - group < kRowGroup ? args.rows - group : kRowGroup;  // rows of the group
  const size_t first =
      static_cast<size_t>(group) * static_cast<size_t>(tiles) + static_cast<size_t>(row - group);
  const int8_t* q = args.int8.q + kTileK * first;
  const float *d = args.int8.d + first, *dsum = args.int8.dsum + first;
  const int32_t* neg_sum = args.int8.neg_sum + 2 * first;
  F32 acc[kRows];
  for (int m = 0; m < kRows; m++) acc[m] = splat(0);
  CodesAhead<Format> ahead(panel_bytes_, k);
  const size_t next_panel = panel_bytes(Format::kDType, k);
  for (int tile = 0; tile < tiles; tile++) {
    ahead.next_tile();
    if (tile % kLayout.scale_tiles == 0) prefetch<kLayout.scale_bytes>(scale_block + next_panel);
    typename Dots::Type sums[kRows][kSums];
    for (int m = 0; m < kRows; m++) {
      for (int i = 0; i < kSums; i++) sums[m][i] = Dots::template begin<kSpan>(neg_sum + 2 * m + i);
    }
    for (int j = 0; j < 4; j++) {
      Bytes lo, hi;
      Format::codes(quants, low, j, lo, hi);
      for (int m = 0; m < kRows; m++) sums[m][0] = Dots::add(sums[m][0], lo, q + kTileK * m + 4 * j);
      for (int m = 0; m < kRows; m++) {
        auto& last = sums[m][kSums - 1];
        last = Dots::add(last, hi, q + kTileK * m + 16 + 4 * j);
      }
    }
    Scales scales;
    Format::scales(scale_block, tile % kLayout.scale_tiles, scales);
    for (int m = 0; m < kRows; m++) {
      I32 dot = Dots::end(sums[m][0]);
      const I32 last = Dots::end(sums[m][kSums - 1]);
      if constexpr (!Format::kHalves && kSums == 2) dot = add(dot, last);
      acc[m] = add_dots<Format>(acc[m], to_f32(dot), to_f32(last), scales, d[m], dsum[m], neg_sum + 2 * m);
    }
    quants += kLayout.quant_bytes;
    low += kLayout.low_bytes;
    if ((tile + 1) % kLayout.scale_tiles == 0) scale_block += kLayout.scale_bytes;
    q += kTileK * stride;
    d += stride;
    dsum += stride;
    neg_sum += 2 * stride;
  }
  for (int m = 0; m < kRows; m++) store_columns(args, row + m, panel, acc[m]);
}

// A chunk of a panel's K with its codes as bytes and its scales as floats: many rows pass it, and only the first pays for
// formats.
template <class Format>
class OpenTiles {
 public:
  // 8 KiB of codes and up to 4 KiB of scales stay in the first-level cache.
  static constexpr int kTiles = 16;

  // Tiles [first, first + count) of the panel.
  void open(const uint8_t* panel, int k, int first, int count) {
    const uint8_t* quants = panel + first * kLayout.quant_bytes;
    const uint8_t* low = panel + panel_low_at(Format::kDType, k) + first * kLayout.low_bytes;
    const uint8_t* scale_blocks = panel + panel_scales_at(Format::kDType, k);
    for (int t = 0; t < count; t++, quants += kLayout.quant_bytes, low += kLayout.low_bytes) {
      prefetch<kLayout.quant_bytes>(quants + kTiles * kLayout.quant_bytes);
      prefetch<kLayout.low_bytes>(low + kTiles * kLayout.low_bytes);
      uint8_t* codes = codes_ + kTileBytes * t;
      for (int j = 0; j < 4; j++) {
        Bytes lo, hi;
        Format::codes(quants, low, j, lo, hi);
        store_bytes(codes + 64 * j, lo);
        store_bytes(codes + 64 * (j + 4), hi);
      }
      const int tile = first + t;
      Scales scales;
      Format::scales(scale_blocks + tile / kLayout.scale_tiles * kLayout.scale_bytes,
                     tile % kLayout.scale_tiles, scales);
      float* out = scales_ + kScaleFloats * t;
      store(out, scales.scale);
      if constexpr (Format::kHalves) store(out + 16, scales.second);
      if constexpr (Format::kMinimum) store(out + 16 * kHalves, scales.minimum);
      if constexpr (Format::kMinimum && Format::kHalves) store(out + 48, scales.second_minimum);
    }
  }

  Bytes codes(int t, int group) const { return load_bytes(codes_ + kTileBytes * t + 64 * group); }
  // Of the tile's half, where halves have their own.
  F32 scale(int t, int half) const { return load(scales_ + kScaleFloats * t + 16 * half); }
  F32 minimum(int t, int half) const { return load(scales_ + kScaleFloats * t + 16 * (kHalves + half)); }

 private:
  static constexpr PackedLayout kLayout = packed_layout(Format::kDType);
  static constexpr int kTileBytes = 16 * kTileK, kHalves = Format::kHalves ? 2 : 1,
                       kScaleFloats = 16 * kHalves * (Format::kMinimum ? 2 : 1);
  alignas(64) uint8_t codes_[kTiles * kTileBytes];
  alignas(64) float scales_[kTiles * kScaleFloats];
};

// Rows [row, row + kRows) of one group: y, (kRows, 16), goes on with the dots of tiles [first, first + count).
template <class Format, int kRows>
[[gnu::always_inline]] inline void open_rows(const LinearArgs& args, const OpenTiles<Format>& open, int first,
                                             int count, int row, float* y) {
  using Dots = DotsOf<Format>;
  constexpr int kGroups = Dots::kGroups, kSums = 8 / kGroups, kSpan = kGroups / 4;
  static_assert(kRowGroup % kRows == 0);
  const int tiles = args.k / kTileK, group = row / kRowGroup * kRowGroup;
  const int stride = args.rows - group < kRowGroup ? args.rows - group : kRowGroup;  // rows of the group
  size_t at = static_cast<size_t>(group) * static_cast<size_t>(tiles) +
              static_cast<size_t>(stride) * static_cast<size_t>(first) + static_cast<size_t>(row - group);
  for (int t = 0; t < count; t++, at += static_cast<size_t>(stride)) {
    const int8_t* q = args.int8.q + kTileK * at;
    const float *d = args.int8.d + at, *dsum = args.int8.dsum + at;
    const int32_t* neg_sum = args.int8.neg_sum + 2 * at;
    I32 dots[kRows];
#pragma GCC unroll 2
    for (int i = 0; i < kSums; i++) {
      typename Dots::Type sums[kRows];
      for (int m = 0; m < kRows; m++) sums[m] = Dots::template begin<kSpan>(neg_sum + 2 * m + i);
#pragma GCC unroll 8  // else sums wait in memory
      for (int g = i * kGroups; g < (i + 1) * kGroups; g++) {
        const Bytes codes = open.codes(t, g);
        for (int m = 0; m < kRows; m++) sums[m] = Dots::add(sums[m], codes, q + kTileK * m + 4 * g);
      }
      for (int m = 0; m < kRows; m++) {
        const I32 dot = Dots::end(sums[m]);
        dots[m] = Format::kHalves || i == 0 ? dot : add(dots[m], dot);
      }
      if (!Format::kHalves && i + 1 < kSums) continue;
      const F32 scale = open.scale(t, Format::kHalves ? i : 0);
      for (int m = 0; m < kRows; m++)
        store(y + 16 * m, fma(to_f32(dots[m]), mul(scale, splat(d[m])), load(y + 16 * m)));
    }
    if constexpr (Format::kMinimum) {
      for (int m = 0; m < kRows; m++)
        store(y + 16 * m,
              add_minimum<Format>(load(y + 16 * m), open.minimum(t, 0),
                                  open.minimum(t, Format::kHalves ? 1 : 0), d[m], dsum[m], neg_sum + 2 * m));
    }
  }
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
[[gnu::always_inline]] inline void linear_rows(const LinearArgs& args, const uint8_t* panel, int p, int row) {
  if constexpr (packed_layout(Format::kDType).scale_bytes > 0) {
    int8_rows<Format, kRows>(args, panel, p, row);
  } else {
    float_rows<Format, kRows>(args, panel, p, row);
  }
}

// Rows of x that pass a block of panels before the next rows do: both stay in the second-level cache.
inline constexpr int kPassRows = 64;
inline constexpr size_t kPassBytes = 256 * 1024;
// Rows that pass an open panel at once: as many as have their sums in registers.
inline constexpr int kOpenRows = kMaxRows >= 8 ? 8 : 4;

// As many as have their sums in registers.
template <class Format>
constexpr int rows_at_once() {
  if constexpr (packed_layout(Format::kDType).scale_bytes == 0) {
    // Of 16 registers 12 are sums: 8 hide the latency of the multiply-adds (4 cycles, two a cycle), and more rows share
    // the reads of weights.
    return kMaxRows >= 8 ? 8 : 6;
  } else {
    // Two sums a row need twice the registers.
    return DotsOf<Format>::kGroups == 4 && !kSplitDots ? kMaxRows / 2 : kMaxRows;
  }
}

// visit<n>(row) for rows [first, last), kRows at a time, and what is left in fewer.
template <int kRows, class Visit>
[[gnu::always_inline]] inline void each_rows(int first, int last, Visit visit) {
  int row = first;
  for (; row + kRows <= last; row += kRows) visit.template operator()<kRows>(row);
  if constexpr (kRows > 4) {
    for (; row + 4 <= last; row += 4) visit.template operator()<4>(row);
  }
  if constexpr (kRows > 2) {
    for (; row + 2 <= last; row += 2) visit.template operator()<2>(row);
  }
  for (; row < last; row++) visit.template operator()<1>(row);
}

// Rows from which opening pays (bench/kernels/linear_rates.cpp): where eight share an unpacking anyway, only formats with two
// sums a tile gain (Q6_K 207 to 300 G multiply-adds a second, Zen 5); where two or four do, unpacking 5 bits is half the work.
template <class Format>
constexpr int open_from() {
  constexpr int kNever = kPassRows + 1;
  if (kMaxRows >= 8) return Format::kHalves ? 16 : kNever;
  return Format::kCodes.bits == 4 && !Format::kCodes.codebook ? 32 : 8;
}

// Rows [first, last) through panels [begin, end), at most kPassRows.
template <class Format>
inline void open_pass(const LinearArgs& args, int begin, int end, int first, int last) {
  const int tiles = args.k / kTileK;
  OpenTiles<Format> open;
  alignas(64) float y[16 * kPassRows];
  for (int p = begin; p < end; p++) {
    const auto* panel = reinterpret_cast<const uint8_t*>(args.panels) +
                        static_cast<size_t>(p) * panel_bytes(Format::kDType, args.k);
    for (int i = 0; i < last - first; i++) store(y + 16 * i, splat(0));
    for (int from = 0; from < tiles; from += open.kTiles) {
      const int count = tiles - from < open.kTiles ? tiles - from : open.kTiles;
      open.open(panel, args.k, from, count);
      each_rows<kOpenRows>(first, last, [&]<int kRows>(int row) {
        open_rows<Format, kRows>(args, open, from, count, row, y + 16 * (row - first));
      });
    }
    for (int row = first; row < last; row++) store_columns(args, row, p, load(y + 16 * (row - first)));
  }
}

// Rows [first, last) through panels [begin, end).
template <class Format>
inline void linear_pass(const LinearArgs& args, int begin, int end, int first, int last) {
  constexpr int kRows = rows_at_once<Format>();
  for (int p = begin; p < end; p++) {
    const auto* panel = reinterpret_cast<const uint8_t*>(args.panels) +
                        static_cast<size_t>(p) * panel_bytes(Format::kDType, args.k);
    each_rows<kRows>(first, last,
                     [&]<int kCount>(int row) { linear_rows<Format, kCount>(args, panel, p, row); });
  }
}

template <class Format>
void linear_format(const LinearArgs& args, int begin, int end) {
  constexpr int kRows = rows_at_once<Format>(), kPass = kPassRows / kRows * kRows;
  const int fit = static_cast<int>(kPassBytes / panel_bytes(Format::kDType, args.k)),
            block = fit > 0 ? fit : 1;
  for (int from = begin; from < end; from += block) {
    const int to = from + block < end ? from + block : end;
    for (int first = 0; first < args.rows; first += kPass) {
      const int last = first + kPass < args.rows ? first + kPass : args.rows;
      if constexpr (packed_layout(Format::kDType).scale_bytes > 0) {
        if (last - first >= open_from<Format>()) {
          open_pass<Format>(args, from, to, first, last);
          continue;
        }
      }
      linear_pass<Format>(args, from, to, first, last);
    }
  }
}

void linear(const LinearArgs& args, int begin, int end) {
  dispatch_format(args.dtype, [&]<class Format>(Format) { linear_format<Format>(args, begin, end); });
}
