// y = x W^T on bf16 matrix tiles: weights are unpacked and rounded once to bf16, sums stay in f32 tiles for
// all of K. Included inside the namespace of a set, after generic/table.h and a `Tiles` type with the eight
// tile registers:
//
//   Tiles::configure(), Tiles::release()                 per call and thread; all tiles 16 rows of 64 bytes
//   Tiles::zero<t>(), load<t>(p, stride), store<t>(p, stride), multiply<c, a, b>()
//
// Registers 0..3 hold a 32 x 32 block of sums, 4 and 5 activations (16 rows x 32 K), 6 and 7 weights (32 K x
// 16 columns, K in pairs). Sums move through f32 memory between chunks of K, which changes no bit; rows never
// meet, so M changes none either. Every row uses the same tiles even for M = 1.

inline constexpr int kSumRows = 256;    // rows that share one unpacking of a weight chunk
inline constexpr int kChunkTiles = 32;  // K tiles unpacked at a time: 2 panels x 32 KiB
inline constexpr int kTileBytes = 1024;

// Two rows of 16 weights (K = 2i and 2i + 1) rounded to bf16, side by side in 16 words.
inline void store_pair(uint8_t* out, F32 even, F32 odd) {
  const I32 half = splat_i32(0x7fff), one = splat_i32(1);
  auto rounded = [&](F32 x) {
    I32 bits = _mm512_castps_si512(x);
    return add(bits, add(half, _mm512_and_si512(_mm512_srli_epi32(bits, 16), one)));
  };
  I32 high = _mm512_and_si512(rounded(odd), splat_i32(static_cast<int32_t>(0xffff0000u)));
  _mm512_storeu_si512(out, _mm512_or_si512(high, _mm512_srli_epi32(rounded(even), 16)));
}

// One group of 4 K: bytes of codes -> two pair rows.
template <class Format>
inline void unpack_group(Bytes codes, F32 scale, F32 minimum, uint8_t* out) {
  auto value = [&](int shift) {
    I32 code;
    if constexpr (Format::kOffsetLog2 == kSigned) {
      code = _mm512_srai_epi32(_mm512_slli_epi32(codes.v, static_cast<unsigned>(24 - shift)), 24);
    } else {
      code = _mm512_and_si512(_mm512_srli_epi32(codes.v, static_cast<unsigned>(shift)), splat_i32(0xff));
      if constexpr (Format::kOffsetLog2 >= 0) code = add(code, splat_i32(-(1 << Format::kOffsetLog2)));
    }
    F32 weight = mul(to_f32(code), scale);
    if constexpr (Format::kMinimum) weight = add(weight, minimum);
    return weight;
  };
  store_pair(out, value(0), value(8));
  store_pair(out + 64, value(16), value(24));
}

template <class Format>
inline void unpack_tile(const uint8_t* panel, int k, int tile, uint8_t* out) {
  constexpr PackedLayout kLayout = packed_layout(Format::kDType);
  if constexpr (kLayout.scale_bytes == 0) {
    const uint8_t* rows = panel + static_cast<size_t>(tile) * kTileK * 16 * Format::kBytes;
    for (int i = 0; i < kTileK; i += 2) {
      store_pair(out + 32 * i, Format::weights(rows + 16 * Format::kBytes * i),
                 Format::weights(rows + 16 * Format::kBytes * (i + 1)));
    }
  } else {
    const uint8_t* quants = panel + static_cast<size_t>(tile) * kLayout.quant_bytes;
    const uint8_t* scale_block = panel + panel_quant_bytes(Format::kDType, k) +
                                 static_cast<size_t>(tile / kLayout.scale_tiles) * kLayout.scale_bytes;
    Scales scales{};
    Format::scales(scale_block, tile % kLayout.scale_tiles, scales);
    for (int j = 0; j < 4; j++) {
      Bytes lo, hi;
      Format::codes(quants, j, lo, hi);
      unpack_group<Format>(lo, scales.scale, scales.minimum, out + 128 * j);
      unpack_group<Format>(hi, Format::kHalves ? scales.second : scales.scale,
                           Format::kHalves ? scales.second_minimum : scales.minimum, out + 128 * (j + 4));
    }
  }
}

// sums (32, 32) += x (32 rows, chunk) * weights (chunk, 32).
template <class Tiles>
inline void multiply_block(const uint16_t* x, int k, const uint8_t* left, const uint8_t* right, int tiles,
                           bool first, float* sums) {
  constexpr int kStride = 32 * 4;
  if (first) {
    Tiles::template zero<0>(), Tiles::template zero<1>(), Tiles::template zero<2>(),
        Tiles::template zero<3>();
  } else {
    Tiles::template load<0>(sums, kStride);
    Tiles::template load<1>(sums + 16, kStride);
    Tiles::template load<2>(sums + 16 * 32, kStride);
    Tiles::template load<3>(sums + 16 * 32 + 16, kStride);
  }
  for (int t = 0; t < tiles; t++) {
    Tiles::template load<4>(x + t * kTileK, 2 * k);
    Tiles::template load<5>(x + t * kTileK + static_cast<size_t>(16) * static_cast<size_t>(k), 2 * k);
    Tiles::template load<6>(left + t * kTileBytes, 64);
    Tiles::template load<7>(right + t * kTileBytes, 64);
    Tiles::template multiply<0, 4, 6>();
    Tiles::template multiply<1, 4, 7>();
    Tiles::template multiply<2, 5, 6>();
    Tiles::template multiply<3, 5, 7>();
  }
  Tiles::template store<0>(sums, kStride);
  Tiles::template store<1>(sums + 16, kStride);
  Tiles::template store<2>(sums + 16 * 32, kStride);
  Tiles::template store<3>(sums + 16 * 32 + 16, kStride);
}

template <class Tiles, class Format>
void linear_bf16_format(const LinearArgs& args, int begin, int end) {
  alignas(64) static thread_local uint8_t weights[2][kChunkTiles * kTileBytes];
  alignas(64) static thread_local float sums[kSumRows * 32];
  const int tiles = args.k / kTileK;
  const size_t bytes = panel_bytes(Format::kDType, args.k);
  for (int p = begin; p < end; p += 2) {
    const auto* panel = reinterpret_cast<const uint8_t*>(args.panels) + static_cast<size_t>(p) * bytes;
    const bool pair = p + 1 < end;
    for (int row = 0; row < args.rows; row += kSumRows) {
      const int rows = args.rows - row < kSumRows ? args.rows - row : kSumRows;
      for (int tile = 0; tile < tiles; tile += kChunkTiles) {
        const int count = tiles - tile < kChunkTiles ? tiles - tile : kChunkTiles;
        for (int t = 0; t < count; t++) {
          unpack_tile<Format>(panel, args.k, tile + t, weights[0] + t * kTileBytes);
          if (pair) unpack_tile<Format>(panel + bytes, args.k, tile + t, weights[1] + t * kTileBytes);
        }
        for (int m = 0; m < rows; m += kTileRows) {
          const uint16_t* x =
              args.bf16 + static_cast<size_t>(row + m) * static_cast<size_t>(args.k) + tile * kTileK;
          multiply_block<Tiles>(x, args.k, weights[0], weights[pair ? 1 : 0], count, tile == 0,
                                sums + 32 * m);
        }
      }
      for (int m = 0; m < rows; m++) {
        store_columns(args, row + m, p, load(sums + 32 * m));
        if (pair) store_columns(args, row + m, p + 1, load(sums + 32 * m + 16));
      }
    }
  }
}

template <class Tiles>
void linear_bf16(const LinearArgs& args, int begin, int end) {
  Tiles::configure();
  dispatch_format(args.dtype,
                  [&]<class Format>(Format) { linear_bf16_format<Tiles, Format>(args, begin, end); });
  Tiles::release();
}
