// Softmax attention of prompt rows over one block of keys on bf16 matrix tiles. Included after multiply_block.h.
//
// Keys and values of the block are turned to bf16 once for all rows; 32 rows at a time take their scores, soften them and add
// the values. Sums ascend D and keys from the block's first; keys that a row does not see have weight 0. So neither company
// nor chunks change a row's bits.

inline constexpr int kBlockPages = kKeyBlock / kPageKeys, kKeyTiles = kKeyBlock / kTileK;
inline constexpr int kScoreStride = kKeyBlock + 16;  // rows must not share sets of the first-level cache

// Sixteen numbers of D row d of a key page, or of D d.. of key `key` of a page, with their scale.
template <bool kInt8>
inline F32 key_lanes(const uint8_t* part, int width, int d) {
  const F32 codes = load_kv<kInt8>(part, kPageKeys * d);
  return kInt8 ? mul(codes, load_scales(part, width, d / kKvGroup)) : codes;
}
template <bool kInt8>
inline F32 value_lanes(const uint8_t* part, int width, int key, int d) {
  const F32 codes = load_kv<kInt8>(part, width * key + d);
  if constexpr (!kInt8) return codes;
  float scales[16];
  store(scales, load_scales(part, width, d / kKvGroup));
  return mul(codes, splat(scales[key]));
}

// Keys [begin, end) of the block as right operands: of each page D in pairs, of each 16 D all keys in pairs.
template <class Tiles>
struct KeyTiles {
  alignas(64) uint8_t keys[kBlockPages][kMaxHeadWidth / kTileD * kTileBytes];
  alignas(64) uint8_t values[kMaxHeadWidth / 16][kKeyTiles * kTileBytes];

  template <bool kInt8>
  void read(const KeyBlock& block, int begin, int end) {
    const int base = block.block * kBlockPages;
    for (int page = begin / kPageKeys; page * kPageKeys < end; page++) {
      const uint8_t* part = page_part(block, base + page, block.k_offset);
      for (int d = 0; d < block.d; d += 2) {
        store_bytes(keys[page] + 32 * d,
                    Tiles::pairs(key_lanes<kInt8>(part, block.d, d), key_lanes<kInt8>(part, block.d, d + 1)));
      }
      for (int d = block.d; d % kTileD != 0; d += 2) store_bytes(keys[page] + 32 * d, Bytes{splat_i32(0)});
    }
    for (int key = begin / kTileK * kTileK; key % kTileK != 0 || key < end; key += 2) {
      const auto lanes = [&](int j, int d) {
        if (j < begin || j >= end) return splat(0);
        return value_lanes<kInt8>(page_part(block, base + j / kPageKeys, block.v_offset), block.d,
                                  j % kPageKeys, d);
      };
      for (int d = 0; d < block.d; d += 16)
        store_bytes(values[d / 16] + 32 * key, Tiles::pairs(lanes(key, d), lanes(key + 1, d)));
    }
  }
};

// Scores of a row -> bf16 weights exp(score - max), one line of `out` a tile of keys [tile_begin, tile_end), 0 outside [begin,
// end). Returns the sum and sets the maximum.
template <class Tiles>
inline float soften_to_tiles(const float* scores, int begin, int end, int tile_begin, int tile_end,
                             uint8_t* out, float* largest) {
  const float kHidden = -__builtin_inff();
  const auto kept = [&](F32 x, int i, float other) {
    if (i >= begin && i + 16 <= end) return x;
    if (i + 16 <= begin || i >= end) return splat(other);
    return keep_lanes(x, begin > i ? begin - i : 0, end - i < 16 ? end - i : 16, other);
  };
  F32 top = splat(kHidden);
  for (int i = begin / 16 * 16; i < end; i += 16) top = max(top, kept(load(scores + i), i, kHidden));
  *largest = begin < end ? reduce_max(top) : kHidden;
  F32 sum = splat(0);
  const auto weights = [&](int i) {
    if (i + 16 <= begin || i >= end) return splat(0);
    const F32 p = kept(exp_lanes(sub(load(scores + i), splat(*largest))), i, 0.0f);
    sum = add(sum, p);
    return p;
  };
  for (int tile = tile_begin; tile < tile_end; tile++) {
    const F32 low = weights(kTileK * tile), high = weights(kTileK * tile + 16);
    store_bytes(out + tile * kTileBytes, Tiles::line(low, high));
  }
  return reduce_add(sum);
}

// Rows [row, row + 32), those beyond args.rows without meaning.
template <class Tiles>
inline void attend_tile_rows(const AttendTilesArgs& args, const KeyTiles<Tiles>& block, int row) {
  alignas(64) static thread_local float scores[kTileRows][kScoreStride];
  alignas(64) static thread_local uint8_t weights[kTileRows / kBf16Group][kKeyTiles * kTileBytes];
  const int base = args.block * kKeyBlock, rows = args.rows - row < kTileRows ? args.rows - row : kTileRows;
  const auto inside = [&](int position) {
    return position < base ? 0 : position > base + kKeyBlock ? kKeyBlock : position - base;
  };
  const int width = (args.d + kTileD - 1) / kTileD * kTileD, group = kBf16Group * width;
  const int tile_begin = inside(args.first[row]) / kTileK;
  const int tile_end = (inside(args.last[row + rows - 1]) + kTileK - 1) / kTileK;
  const uint16_t* q = args.q + static_cast<size_t>(row) * static_cast<size_t>(width);
  for (int tile = tile_begin; tile < tile_end; tile++) {
    multiply_block<Tiles>(
        q, q + group, block.keys[2 * tile], block.keys[2 * tile + 1], width / kTileD, {},
        {scores[0] + kTileK * tile, kScoreStride}, [](int) {}, [](auto) {});
  }
  for (int r = 0; r < rows; r++) {
    args.sum[row + r] =
        soften_to_tiles<Tiles>(scores[r], inside(args.first[row + r]), inside(args.last[row + r]), tile_begin,
                               tile_end, weights[r / kBf16Group] + 64 * (r % kBf16Group), &args.max[row + r]);
  }
  const auto* p = reinterpret_cast<const uint16_t*>(weights[0]) + tile_begin * kTileBytes / 2;
  float* out = args.out + static_cast<size_t>(row) * static_cast<size_t>(width);
  for (int d = 0; d < args.d; d += 32) {
    const int right = d + 16 < args.d ? d / 16 + 1 : d / 16;
    multiply_block<Tiles>(
        p, p + kKeyTiles * kTileBytes / 2, block.values[d / 16] + tile_begin * kTileBytes,
        block.values[right] + tile_begin * kTileBytes, tile_end - tile_begin, {}, {out + d, width},
        [](int) {}, [](auto) {});
  }
}

template <class Tiles>
void attend_tiles(const AttendTilesArgs& args) {
  static thread_local KeyTiles<Tiles> block;
  const int base = args.block * kKeyBlock;
  const int first = args.first[0] - base, last = args.last[args.rows - 1] - base;
  const int begin = first > 0 ? first : 0, end = last < kKeyBlock ? last : kKeyBlock;
  args.int8 ? block.template read<true>(args, begin, end) : block.template read<false>(args, begin, end);
  Tiles::configure();
  for (int row = 0; row < args.rows; row += kTileRows) attend_tile_rows<Tiles>(args, block, row);
  Tiles::release();
}
