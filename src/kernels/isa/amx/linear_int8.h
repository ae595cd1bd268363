// y = x W^T in the int8 arithmetic of generic/linear.h on matrix tiles, for eight rows and more: the same exact dots, the same
// f32 additions in the same order, so the same bits. Included after multiply_block.h. Beside its words a `Tiles` type needs
//
//   Tiles::configure_int8(rows, bytes)      tiles 0, 1: sums of so many rows; 4, 5: left operands, rows of so many bytes
//                                           of K; 6, 7: right operands, 16 columns of so many K by fours
//   Tiles::multiply_int8<c, a, b>()         signed by signed
//
// A dot is over 32 K (16, where those have a scale of their own), half a tile: what has one scale is no longer.

template <class Format>
inline Bytes signed_codes(Bytes codes) {
  if constexpr (Format::kOffsetLog2 >= 0)
    return {_mm512_sub_epi8(codes.v, _mm512_set1_epi8(1 << Format::kOffsetLog2))};
  else
    return codes;
}

// body(integral_constant<int, 0 .. kCount - 1>), inlined, so that an array is registers: a loop of 16 is unrolled too late.
template <int kCount, class Body>
[[gnu::always_inline]] inline void unrolled(Body body) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (body(std::integral_constant<int, i>{}), ...);
  }(std::make_integer_sequence<int, kCount>{});
}

// Rows [row, row + kRows) of one group.
template <class Tiles, class Format, int kRows>
inline void int8_tile_rows(const LinearArgs& args, const uint8_t* panel_data, int panel, int row) {
  constexpr PackedLayout kLayout = packed_layout(Format::kDType);
  constexpr int kDots = Format::kHalves ? 2 : 1;
  // A tile's codes are unpacked, two steps later multiplied, and after two more its dots are added. One right after the other
  // they wait for each other's way through memory (Q4_1, 16 rows: 221 G multiply-adds a second instead of 258).
  constexpr int kRing = 8, kStep = 2;
  alignas(64) uint8_t unpacked[kRing][kTileK * 16];
  alignas(64) int32_t dots[kRing][kDots][kRows * 16];
  const int k = args.k, tiles = k / kTileK;
  const int group = row / kRowGroup * kRowGroup;
  const int stride = args.rows - group < kRowGroup ? args.rows - group : kRowGroup;  // rows of the group
  const size_t first =
      static_cast<size_t>(group) * static_cast<size_t>(tiles) + static_cast<size_t>(row - group);
  const int8_t* q = args.int8.q + kTileK * first;
  CodesAhead<Format> ahead(panel_data, k);
  const size_t next_panel = panel_bytes(Format::kDType, k);

  F32 acc[kRows];
  unrolled<kRows>([&](auto m) __attribute__((always_inline)) { acc[m] = splat(0); });
  const uint8_t* low = panel_data + panel_low_at(Format::kDType, k);
  for (int step = 0; step < tiles + 2 * kStep; step++) {
    if (const int t = step; t < tiles) {
      ahead.next_tile();
      for (int j = 0; j < 4; j++) {
        Bytes lo, hi;
        Format::codes(panel_data + t * kLayout.quant_bytes, low + t * kLayout.low_bytes, j, lo, hi);
        store_bytes(unpacked[t % kRing] + 64 * j, signed_codes<Format>(lo));
        store_bytes(unpacked[t % kRing] + 64 * (j + 4), signed_codes<Format>(hi));
      }
    }
    if (const int t = step - kStep; t >= 0 && t < tiles) {
      const uint8_t* codes = unpacked[t % kRing];
      const int8_t* x = q + static_cast<ptrdiff_t>(kTileK) * stride * t;
      Tiles::template load<4>(x, kTileK);
      Tiles::template load<6>(codes, 64);
      Tiles::template zero<0>();
      Tiles::template multiply_int8<0, 4, 6>();
      Tiles::template store<0>(dots[t % kRing][0], 64);
      if constexpr (kDots == 2) {
        Tiles::template load<5>(x + 16, kTileK);
        Tiles::template load<7>(codes + 256, 64);
        Tiles::template zero<1>();
        Tiles::template multiply_int8<1, 5, 7>();
        Tiles::template store<1>(dots[t % kRing][kDots - 1], 64);
      }
    }
    if (const int t = step - 2 * kStep; t >= 0) {
      const uint8_t* scale_block = panel_data + panel_scales_at(Format::kDType, k) +
                                   static_cast<size_t>(t / kLayout.scale_tiles) * kLayout.scale_bytes;
      if (t % kLayout.scale_tiles == 0) prefetch<kLayout.scale_bytes>(scale_block + next_panel);
      Scales scales;
      Format::scales(scale_block, t % kLayout.scale_tiles, scales);
      const size_t at = first + static_cast<size_t>(t) * static_cast<size_t>(stride);
      const float *d = args.int8.d + at, *dsum = args.int8.dsum + at;
      const int32_t* neg_sum = args.int8.neg_sum + 2 * at;
      const auto& dot = dots[t % kRing];
      unrolled<kRows>([&](auto m) __attribute__((always_inline)) {
        acc[m] = add_dots<Format>(acc[m], to_f32(load_bytes(dot[0] + 16 * m).v),
                                  to_f32(load_bytes(dot[kDots - 1] + 16 * m).v), scales, d[m], dsum[m],
                                  neg_sum + 2 * m);
      });
    }
  }
  unrolled<kRows>([&](auto m)
                      __attribute__((always_inline)) { store_columns(args, row + m, panel, acc[m]); });
}

template <class Tiles, class Format, int kRows>
void int8_tile_panels(const LinearArgs& args, int begin, int end, int row) {
  Tiles::configure_int8(kRows, Format::kHalves ? kTileK / 2 : kTileK);
  for (int p = begin; p < end; p++) {
    const auto* panel = reinterpret_cast<const uint8_t*>(args.panels) +
                        static_cast<size_t>(p) * panel_bytes(Format::kDType, args.k);
    int8_tile_rows<Tiles, Format, kRows>(args, panel, p, row);
  }
  Tiles::release();
}

template <class Tiles, class Format>
void linear_tiles_format(const LinearArgs& args, int begin, int end) {
  const int fit = static_cast<int>(kPassBytes / panel_bytes(Format::kDType, args.k)),
            block = fit > 0 ? fit : 1;
  for (int from = begin; from < end; from += block) {
    const int to = from + block < end ? from + block : end;
    int row = 0;
    for (; row + 16 <= args.rows; row += 16) int8_tile_panels<Tiles, Format, 16>(args, from, to, row);
    if (row + 8 <= args.rows) int8_tile_panels<Tiles, Format, 8>(args, from, to, row), row += 8;
    if (row < args.rows) linear_pass<Format>(args, from, to, row, args.rows);
  }
}

template <class Tiles>
void linear_with_tiles(const LinearArgs& args, int begin, int end) {
  if (args.rows < 8 || packed_layout(args.dtype).scale_bytes == 0) return linear(args, begin, end);
  dispatch_format(args.dtype, [&]<class Format>(Format) {
    if constexpr (packed_layout(Format::kDType).scale_bytes > 0)
      linear_tiles_format<Tiles, Format>(args, begin, end);
  });
}
