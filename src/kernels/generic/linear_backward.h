// dx += dy W over packed weights: a slab of W is unpacked to f32, transposed into the order of its rows, and
// used for all rows of dy; there is no second copy of W. Included inside the namespace of a set.
//
// A slab is kSlabColumns columns (K) of kSlabRows rows (N): 48 KiB, which stays in the second-level cache
// while half of it at a time streams through the first. Sums ascend in n; between slabs they pass through dx,
// which changes no bit.

inline constexpr int kSlabTiles = 3;  // 96 columns: whole tiles, and whole blocks of 3 vectors
inline constexpr int kSlabColumns = kSlabTiles * kTileK;
inline constexpr int kSlabRows = 128;

// One tile as 32 K x 16 rows.
template <class Format>
inline void unpack_tile_f32(const uint8_t* panel, int k, int tile, float (*out)[16]) {
  constexpr PackedLayout kLayout = packed_layout(Format::kDType);
  if constexpr (kLayout.scale_bytes == 0) {
    const uint8_t* values = panel + static_cast<size_t>(tile) * kLayout.quant_bytes;
    for (int i = 0; i < kTileK; i++) store(out[i], Format::weights(values + 16 * Format::kBytes * i));
  } else {
    // A dot product with a unit vector takes one K out of a group of four.
    constexpr int8_t kUnit[4][4] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
    const uint8_t* quants = panel + static_cast<size_t>(tile) * kLayout.quant_bytes;
    const uint8_t* scale_block = panel + panel_quant_bytes(Format::kDType, k) +
                                 static_cast<size_t>(tile / kLayout.scale_tiles) * kLayout.scale_bytes;
    Scales scales{};
    Format::scales(scale_block, tile % kLayout.scale_tiles, scales);
    for (int j = 0; j < 4; j++) {
      Bytes lo, hi;
      Format::codes(quants, j, lo, hi);
      for (int i = 0; i < 4; i++) {
        const auto value = [&](Bytes codes, F32 scale, F32 minimum) {
          const F32 weight = mul(to_f32(dot_codes<Format>(start_dot<Format>(-1), codes, kUnit[i])), scale);
          if constexpr (Format::kMinimum) return add(weight, minimum);
          return weight;
        };
        store(out[4 * j + i], value(lo, scales.scale, scales.minimum));
        store(out[16 + 4 * j + i], value(hi, Format::kHalves ? scales.second : scales.scale,
                                         Format::kHalves ? scales.second_minimum : scales.minimum));
      }
    }
  }
}

template <class Format>
inline void unpack_slab(const LinearBackwardArgs& args, int first_row, int rows, int first_tile, int tiles,
                        float* slab) {
  alignas(64) float tile[kTileK][16];
  const int stride = tiles * kTileK;
  for (int p = first_row / 16; 16 * p < first_row + rows; p++) {
    const auto* panel = reinterpret_cast<const uint8_t*>(args.panels) +
                        static_cast<size_t>(p) * panel_bytes(Format::kDType, args.k);
    float* out = slab + (16 * p - first_row) * stride;
    for (int t = 0; t < tiles; t++, out += kTileK) {
      unpack_tile_f32<Format>(panel, args.k, first_tile + t, tile);
      for (int row = 0; row < 16; row++) {
        for (int i = 0; i < kTileK; i++) out[row * stride + i] = tile[i][row];
      }
    }
  }
}

template <class Format>
void linear_backward_format(const LinearBackwardArgs& args, int begin, int end) {
  alignas(64) static thread_local float slab[kSlabRows * kSlabColumns];
  for (int tile = begin; tile < end; tile += kSlabTiles) {
    const int tiles = end - tile < kSlabTiles ? end - tile : kSlabTiles, columns = tiles * kTileK;
    for (int row = 0; row < args.n; row += kSlabRows) {
      const int rows = args.n - row < kSlabRows ? args.n - row : kSlabRows;
      unpack_slab<Format>(args, row, rows, tile, tiles, slab);
      multiply_add({.a = args.dy + row,
                    .a_row = args.n,
                    .a_k = 1,
                    .b = slab,
                    .b_stride = columns,
                    .c = args.dx + tile * kTileK,
                    .c_stride = args.k,
                    .rows = args.rows,
                    .n = columns,
                    .k = rows});
    }
  }
}

void linear_backward(const LinearBackwardArgs& args, int begin, int end) {
  dispatch_format(args.dtype,
                  [&]<class Format>(Format) { linear_backward_format<Format>(args, begin, end); });
}
