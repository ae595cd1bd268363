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

// 2^x for finite x, relative error below 3e-6 (polynomial of degree 4 in [-1/2, 1/2], fitted for the least largest relative
// error): a weight is rounded to bf16, whose steps are a thousand times as large.
inline F32 exp2_lanes(F32 x) {
  constexpr float kExp2[] = {0x1.ffffe8p-1f, 0x1.62e0dcp-1f, 0x1.ec06dap-3f, 0x1.ca1442p-5f, 0x1.3997d6p-7f};
  const F32 n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const F32 r = sub(x, n);
  F32 p = splat(kExp2[4]);
  for (int i = 3; i >= 0; i--) p = fma(p, r, splat(kExp2[i]));
  return _mm512_scalef_ps(p, n);
}

// Scores of a row -> bf16 weights exp(score - max), one line of `out` a tile of keys [tile_begin, tile_end), 0 outside [begin,
// end). Returns the sum and sets the maximum.
template <class Tiles>
inline float soften_to_tiles(const float* scores, int begin, int end, int tile_begin, int tile_end,
                             uint8_t* out, float* largest) {
  const float kHidden = -__builtin_inff();
  const auto edge = [&](F32 x, int i, float other) {
    return keep_lanes(x, begin > i ? begin - i : 0, end - i < 16 ? end - i : 16, other);
  };
  const int first = (begin + 15) / 16 * 16, last = end / 16 * 16;  // whole vectors
  F32 top = splat(kHidden);
  if (begin < first && begin < end) top = edge(load(scores + first - 16), first - 16, kHidden);
  for (int i = first; i < last; i += 16) top = max(top, load(scores + i));
  if (last >= first && last < end) top = max(top, edge(load(scores + last), last, kHidden));
  *largest = begin < end ? reduce_max(top) : kHidden;

  const F32 log2e = splat(1.44269504f), shift = splat(begin < end ? *largest * -1.44269504f : 0);
  F32 sum = splat(0);
  const auto weights = [&](int i) { return exp2_lanes(fma(load(scores + i), log2e, shift)); };
  const auto partial = [&](int i) {
    if (i + 16 <= begin || i >= end) return splat(0);
    const F32 p = edge(weights(i), i, 0.0f);
    sum = add(sum, p);
    return p;
  };
  for (int tile = tile_begin; tile < tile_end; tile++) {
    const int i = kTileK * tile;
    F32 low, high;
    if (i >= begin && i + kTileK <= end) {
      low = weights(i), high = weights(i + 16);
      sum = add(add(sum, low), high);
    } else {
      low = partial(i), high = partial(i + 16);
    }
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
