// dx += dy W over packed weights: a slab of W is unpacked to f32, transposed into the order of its rows, and
// used for all rows of dy; there is no second copy of W. Included inside the namespace of a set.
//
// A slab is kSlabColumns columns (K) of kSlabRows rows (N). It lies in strips as wide as a block of the product
// (multiply.h): a strip stays in the first-level cache while a block of dy passes it from the second. Sums ascend in
// n; between slabs they pass through dx, which changes no bit.
// Source: Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication".

inline constexpr int kSlabTiles = 3;  // 96 columns: whole tiles, and whole strips of any set
inline constexpr int kSlabColumns = kSlabTiles * kTileK;
inline constexpr int kStripColumns = 16 * kMultiplyVectors;
inline constexpr int kSlabRows = kMultiplyVectors == 1 ? 256 : 128;  // a strip: 16 or 24 KiB
inline constexpr int kBlockRows = 96;                                // of dy: whole groups of rows of any set
// Rows of dy whole pages apart share a few sets of a cache, which keep few of them: such blocks are copied.
inline constexpr int kFarApart = 1024;

// Row r of a tile: its lower 16 K at lower + r * kStripColumns, its upper 16 at upper + r * kStripColumns.
template <class Format>
inline void unpack_tile_f32(const uint8_t* panel, int k, int tile, float* lower, float* upper) {
  constexpr PackedLayout kLayout = packed_layout(Format::kDType);
  const uint8_t* quants = panel + static_cast<size_t>(tile) * kLayout.quant_bytes;
  const uint8_t* low =
      panel + panel_low_at(Format::kDType, k) + static_cast<size_t>(tile) * kLayout.low_bytes;
  if constexpr (kLayout.scale_bytes == 0) {
    alignas(64) float columns[kTileK][16];
    for (int i = 0; i < kTileK; i++) store(columns[i], Format::weights(quants + 16 * Format::kBytes * i));
    for (int row = 0; row < 16; row++) {
      for (int i = 0; i < 16; i++) {
        lower[row * kStripColumns + i] = columns[i][row];
        upper[row * kStripColumns + i] = columns[16 + i][row];
      }
    }
  } else {
    const uint8_t* scale_block = panel + panel_scales_at(Format::kDType, k) +
                                 static_cast<size_t>(tile / kLayout.scale_tiles) * kLayout.scale_bytes;
    Scales scales{};
    Format::scales(scale_block, tile % kLayout.scale_tiles, scales);
    alignas(64) float scale[4][16];
    store(scale[0], scales.scale);
    store(scale[1], scales.minimum);
    store(scale[2], Format::kHalves ? scales.second : scales.scale);
    store(scale[3], Format::kHalves ? scales.second_minimum : scales.minimum);
    // Groups of four codes are words: they are transposed while they are bytes.
    alignas(64) uint8_t groups[8][64], rows[16][kTileK];
    for (int j = 0; j < 4; j++) {
      Bytes lo, hi;
      Format::codes(quants, low, j, lo, hi);
      store_bytes(groups[j], lo);
      store_bytes(groups[4 + j], hi);
    }
    for (int row = 0; row < 16; row++) {
      for (int g = 0; g < 8; g++) __builtin_memcpy(rows[row] + 4 * g, groups[g] + 4 * row, 4);
    }
    const auto value = [&](const uint8_t* codes, float factor, float minimum) {
      F32 code = load_i8(codes);
      if constexpr (Format::kOffsetLog2 >= 0)
        code = sub(code, splat(static_cast<float>(1 << Format::kOffsetLog2)));
      const F32 weight = mul(code, splat(factor));
      if constexpr (Format::kMinimum) return add(weight, splat(minimum));
      return weight;
    };
    for (int row = 0; row < 16; row++) {
      store(lower + row * kStripColumns, value(rows[row], scale[0][row], scale[1][row]));
      store(upper + row * kStripColumns, value(rows[row] + 16, scale[2][row], scale[3][row]));
    }
  }
}

// Rows [first_row, first_row + rows) of W, whole panels of them, and tiles [first_tile, first_tile + tiles).
template <class Format>
inline void unpack_slab(const LinearBackwardArgs& args, int first_row, int rows, int first_tile, int tiles,
                        float* slab) {
  const auto place = [&](int row, int column) {
    return slab + (column / kStripColumns * kSlabRows + row) * kStripColumns + column % kStripColumns;
  };
  for (int row = 0; row < rows; row += 16) {
    const auto* panel = reinterpret_cast<const uint8_t*>(args.panels) +
                        static_cast<size_t>((first_row + row) / 16) * panel_bytes(Format::kDType, args.k);
    for (int t = 0; t < tiles; t++)
      unpack_tile_f32<Format>(panel, args.k, first_tile + t, place(row, kTileK * t),
                              place(row, kTileK * t + 16));
  }
}

// (rows, n) from rows `stride` apart to rows kSlabRows apart.
inline void copy_rows(const float* from, int stride, int rows, int n, float* to) {
  for (int i = 0; i < rows; i++, from += stride, to += kSlabRows) {
    for_lanes(
        n, [&](int j) { store(to + j, load(from + j)); },
        [&](int j, int count) {
          for (int l = 0; l < count; l++) to[j + l] = from[j + l];
        });
  }
}

// dx += dy W for the unpacked slab: `n` rows from first_row, `columns` columns from first_column.
inline void multiply_slab(const LinearBackwardArgs& args, int first_row, int n, int first_column, int columns,
                          const float* slab) {
  alignas(64) float copy[kBlockRows * kSlabRows];
  const bool copied = args.n % kFarApart == 0;
  for (int m = 0; m < args.rows; m += kBlockRows) {
    const int rows = args.rows - m < kBlockRows ? args.rows - m : kBlockRows;
    const float* dy = args.dy + static_cast<ptrdiff_t>(m) * args.n + first_row;
    if (copied) copy_rows(dy, args.n, rows, n, copy);
    for (int column = 0; column < columns; column += kStripColumns)
      multiply_add({.a = copied ? copy : dy,
                    .a_row = copied ? kSlabRows : args.n,
                    .a_k = 1,
                    .b = slab + column * kSlabRows,
                    .b_stride = kStripColumns,
                    .c = args.dx + static_cast<ptrdiff_t>(m) * args.k + first_column + column,
                    .c_stride = args.k,
                    .rows = rows,
                    .n = columns - column < kStripColumns ? columns - column : kStripColumns,
                    .k = n});
  }
}

template <class Format>
void linear_backward_format(const LinearBackwardArgs& args, int begin, int end) {
  alignas(64) float slab[kSlabRows * kSlabColumns];
  for (int tile = begin; tile < end; tile += kSlabTiles) {
    const int tiles = end - tile < kSlabTiles ? end - tile : kSlabTiles;
    for (int row = 0; row < args.n; row += kSlabRows) {
      const int rows = args.n - row < kSlabRows ? args.n - row : kSlabRows;
      unpack_slab<Format>(args, row, rows, tile, tiles, slab);
      multiply_slab(args, row, rows, tile * kTileK, tiles * kTileK, slab);
    }
  }
}

void linear_backward(const LinearBackwardArgs& args, int begin, int end) {
  dispatch_format(args.dtype,
                  [&]<class Format>(Format) { linear_backward_format<Format>(args, begin, end); });
}
