// y = x W^T on bf16 matrix tiles: weights are unpacked and rounded once to bf16, sums stay in f32 tiles in ascending K.
// Included after multiply_block.h.
//
// Sums move through f32 memory between chunks of K, which changes no bit; rows never meet, so M changes none either.
// Every row uses the same tiles even for M = 1.
//
// The matrix unit is busy for 64 cycles with the four products of a step, in which the vector units unpack the next chunk of
// weights into the other buffer (Unpacker).

// Rows that share one unpacking of a chunk of weights.
inline constexpr int kSumRows = 512;
// K tiles unpacked at a time: of two panels 36 KiB, three quarters of the first-level cache, which x passes by (load_far).
inline constexpr int kChunkTiles = 18;
// Pairs of panels that share the reads of a chunk of x.
inline constexpr int kGroupPairs = 12;
// A step's two tiles of x come from the second-level cache in 18 ns, from the third in 67: rows of x stay in the second.
inline constexpr size_t kResidentBytes = 1200 * 1024;

// One chunk of K of two panels, tile by tile: those of the left one, then those of the right one.
template <class Tiles, class Format>
class Unpacker {
 public:
  Unpacker() = default;
  // Tiles [first, first + count) of both panels, to `out`.
  Unpacker(const uint8_t* left, const uint8_t* right, int k, int first, int count, uint8_t* out)
      : left_(left),
        right_(right),
        out_(out),
        low_at_(panel_low_at(Format::kDType, k)),
        scales_at_(panel_scales_at(Format::kDType, k)),
        first_(first),
        count_(count) {}

  int tiles() const { return 2 * count_; }

  // Groups kQuarter and kQuarter + 4 of four K each of tile i.
  template <int kQuarter>
  [[gnu::always_inline]] void unpack(int i) const {
    const uint8_t* panel = i < count_ ? left_ : right_;
    const int tile = first_ + (i < count_ ? i : i - count_);
    uint8_t* out = out_ + i * kTileBytes;
    if constexpr (kLayout.scale_bytes == 0) {
      constexpr int kRow = 16 * Format::kBytes;
      const uint8_t* rows = panel + static_cast<size_t>(tile * kTileK + 8 * kQuarter) * kRow;
      for (int r = 0; r < 8; r += 2) {
        store_bytes(out + 256 * kQuarter + 32 * r,
                    Tiles::pairs(Format::weights(rows + kRow * r), Format::weights(rows + kRow * (r + 1))));
      }
    } else {
      Scales scales{};
      Format::scales(
          panel + scales_at_ + static_cast<size_t>(tile / kLayout.scale_tiles) * kLayout.scale_bytes,
          tile % kLayout.scale_tiles, scales);
      Bytes lo, hi;
      const uint8_t* quants = panel + static_cast<size_t>(tile) * kLayout.quant_bytes;
      const uint8_t* low = panel + low_at_ + static_cast<size_t>(tile) * kLayout.low_bytes;
      Format::codes(quants, low, kQuarter, lo, hi);
      const Affine lower(scales.scale, scales.minimum);
      lower.unpack(lo, out + 128 * kQuarter);
      const Affine upper(Format::kHalves ? scales.second : scales.scale,
                         Format::kHalves ? scales.second_minimum : scales.minimum);
      upper.unpack(hi, out + 128 * (kQuarter + 4));
    }
  }

  // Fetches a quarter of what unpack() of tile i reads.
  template <int kQuarter>
  [[gnu::always_inline]] void fetch(int i) const {
    if constexpr (kLayout.scale_bytes == 0) return;
    const uint8_t* panel = i < count_ ? left_ : right_;
    const auto tile = static_cast<size_t>(first_ + (i < count_ ? i : i - count_));
    prefetch<kLayout.quant_bytes / 4>(panel + tile * kLayout.quant_bytes +
                                      kQuarter * kLayout.quant_bytes / 4);
    prefetch<kLayout.low_bytes / 4>(panel + low_at_ + tile * kLayout.low_bytes +
                                    kQuarter * kLayout.low_bytes / 4);
    constexpr int kScaleBytes = kLayout.scale_bytes / kLayout.scale_tiles;  // a tile
    if (kQuarter == 0) prefetch<kScaleBytes>(panel + scales_at_ + tile * kScaleBytes);
  }

 private:
  static constexpr PackedLayout kLayout = packed_layout(Format::kDType);
  static constexpr bool kSignedCodes = Format::kOffsetLog2 == kSigned;

  // weight = cvt(code << 8 i) * by[i] + plus, exact up to the one rounding of a minimum: a code has 8 bits, a scale 17.
  struct Affine {
    F32 by[4], plus;

    Affine(F32 scale, F32 minimum) {
      by[0] = scale;
      for (int i = 1; i < 4; i++) by[i] = mul(by[i - 1], splat(1.0f / 256));
      if constexpr (Format::kMinimum) {
        plus = minimum;
      } else {
        constexpr int kOffset = kSignedCodes ? 128 : Format::kOffsetLog2 >= 0 ? 1 << Format::kOffsetLog2 : 0;
        plus = mul(scale, splat(static_cast<float>(-kOffset)));
      }
    }

    // Of byte i of each lane. Signed codes become unsigned by their upper bit, but in the uppermost byte, where
    // they are signed as they stand.
    template <int i>
    F32 weight(Bytes codes) const {
      constexpr bool kFlip = kSignedCodes && i < 3;
      const I32 mask = splat_i32(static_cast<int32_t>(0xffu << 8 * i));
      const I32 flip = splat_i32(kFlip ? 0x80 << 8 * i : 0);
      const F32 code = to_f32(_mm512_ternarylogic_epi32(codes.v, mask, flip, 0x6a));  // (codes & mask) ^ flip
      return kSignedCodes && i == 3 ? mul(code, by[i]) : fma(code, by[i], plus);
    }

    [[gnu::always_inline]] void unpack(Bytes codes, uint8_t* out) const {
      store_bytes(out, Tiles::pairs(weight<0>(codes), weight<1>(codes)));
      store_bytes(out + 64, Tiles::pairs(weight<2>(codes), weight<3>(codes)));
    }
  };

  const uint8_t *left_ = nullptr, *right_ = nullptr;
  uint8_t* out_ = nullptr;
  size_t low_at_ = 0, scales_at_ = 0;
  int first_ = 0, count_ = 0;
};

// What a thread works in: weights of two chunks, and sums that cannot stand where they belong.
struct LinearScratch {
  alignas(64) uint8_t weights[2][2 * kChunkTiles * kTileBytes];
  // Blocks of rows of one pair of panels, or of those that share the reads of x. Between chunks of K they stand here and not in
  // y, whose rows may share sets of the first-level cache.
  alignas(64) float sums[kGroupPairs][kSumRows / kTileRows][kTileRows * 32];
};
inline thread_local LinearScratch linear_scratch;

// Rows [row, row + rows) of x, at most kSumRows, times `pairs` pairs of panels: of each pair job.left() and job.right(), with
// complete sums of a block of kTileRows rows stored to job.place() and handed to job.finish(), and the lines that the two write
// fetched before by job.fetch() of some of the rows: a store to what is not in the first-level cache holds up the matrix unit
// (Q4_1 1536 x 576, 512 rows: 72 ns a tile without, 52 so). Pair by pair, or, where x does not stay
// in the second-level cache, chunk by chunk of K and in it pair by pair.
template <class Tiles, class Format, class Job>
void multiply_panels(const uint16_t* x, int k, int row, int rows, int pairs, bool chunk_by_chunk,
                     const Job& job) {
  LinearScratch& scratch = linear_scratch;
  const int tiles = k / kTileK, chunks = (tiles + kChunkTiles - 1) / kChunkTiles;
  const int chunk_tiles = (tiles + chunks - 1) / chunks, blocks = (rows + kTileRows - 1) / kTileRows;
  const int fours = chunk_tiles < 8 ? blocks : chunk_tiles / 4 * blocks;
  const int share = (2 * chunk_tiles + fours - 1) / fours;  // tiles to unpack while four are multiplied
  const int steps = chunks * pairs;
  const size_t group_words = static_cast<size_t>(k) * kBf16Group;
  const auto pair_of = [&](int step) { return chunk_by_chunk ? step % pairs : step / chunks; };
  const auto first_tile = [&](int step) {
    return (chunk_by_chunk ? step / pairs : step % chunks) * chunk_tiles;
  };
  const auto tile_count = [&](int step) {
    const int left = tiles - first_tile(step);
    return left < chunk_tiles ? left : chunk_tiles;
  };
  const auto unpacker = [&](int step) {
    const int pair = pair_of(step);
    return Unpacker<Tiles, Format>(job.left(pair), job.right(pair), k, first_tile(step), tile_count(step),
                                   scratch.weights[step % 2]);
  };
  const auto finish = [](const Unpacker<Tiles, Format>& chunk, int from) {
    for (int i = from; i < chunk.tiles(); i++)
      chunk.template unpack<0>(i), chunk.template unpack<1>(i), chunk.template unpack<2>(i),
          chunk.template unpack<3>(i);
  };
  const auto sums = [&](int pair, int block) {
    return SumBlock{scratch.sums[chunk_by_chunk ? pair : 0][block], 32};
  };
  const auto ends = [&](int step) { return first_tile(step) + tile_count(step) == tiles; };
  finish(unpacker(0), 0);
  for (int step = 0; step < steps; step++) {
    const auto ahead = step + 1 < steps ? unpacker(step + 1) : Unpacker<Tiles, Format>();
    const auto after = unpacker(step + 2);  // behind the last step: of what the thread claims next
    int next = 0;
    const auto unpack_share = [&](auto quarter) __attribute__((always_inline)) {
      const int stop = next + share < ahead.tiles() ? next + share : ahead.tiles();
      for (int i = next; i < stop; i++) ahead.template unpack<quarter>(i);
      for (int i = next; i < next + share && i < after.tiles(); i++) after.template fetch<quarter>(i);
      if constexpr (quarter == 3) next += share;
    };
    const int first = first_tile(step), count = tile_count(step), pair = pair_of(step);
    const uint8_t* columns = scratch.weights[step % 2];
    for (int block = 0; block < blocks; block++) {
      const uint16_t* upper = x + static_cast<size_t>(row / kBf16Group + 2 * block) * group_words +
                              static_cast<size_t>(first) * (kTileBytes / 2);
      const SumBlock to = ends(step) ? job.place(pair, block, sums(pair, block)) : sums(pair, block);
      const bool last = block + 1 == blocks;
      const int next_step = last ? step + 1 : step, next_block = last ? 0 : block + 1;
      const int next_pair = pair_of(next_step), rows_a_tile = (kTileRows + count - 1) / count;
      int fetched = next_step < steps && ends(next_step) ? 0 : kTileRows;
      const auto fetch_next = [&](int) __attribute__((always_inline)) {
        const int stop = fetched + rows_a_tile < kTileRows ? fetched + rows_a_tile : kTileRows;
        job.fetch(next_pair, next_block, fetched, stop);
        fetched = stop;
      };
      multiply_block<Tiles>(upper, upper + group_words, columns, columns + count * kTileBytes, count,
                            first > 0 ? sums(pair, block) : SumBlock{}, to, fetch_next, unpack_share);
      if (ends(step)) job.finish(pair, block, to);
    }
    finish(ahead, next);
  }
}

// Sums stand in y; in scratch those whose rows or columns do not all exist.
template <class Format>
struct LinearJob {
  const LinearArgs& args;
  int row, rows, begin, end;  // panels [begin, end)

  const uint8_t* panel(int p) const {  // of an odd number of panels the last is its own neighbour
    return reinterpret_cast<const uint8_t*>(args.panels) +
           static_cast<size_t>(p == end && (end - begin) % 2 == 1 ? end - 1 : p) *
               panel_bytes(Format::kDType, args.k);
  }
  const uint8_t* left(int pair) const { return panel(begin + 2 * pair); }
  const uint8_t* right(int pair) const { return panel(begin + 2 * pair + 1); }
  bool all_columns(int p) const { return p + 1 < end && 16 * (p + 2) <= args.n; }
  int rows_of(int block) const {
    const int left = rows - kTileRows * block;
    return left < kTileRows ? left : kTileRows;
  }
  bool stand_in_y(int pair, int block) const {
    return all_columns(begin + 2 * pair) && rows_of(block) == kTileRows && args.bias == nullptr;
  }
  [[gnu::always_inline]] void fetch(int pair, int block, int from, int to) const {
    const int p = begin + 2 * pair, last = to < rows_of(block) ? to : rows_of(block);
    for (int i = from; i < last; i++) {
      const auto m = static_cast<size_t>(row + kTileRows * block + i);
      const float* y = args.y + m * static_cast<size_t>(args.y_stride) + 16 * p;
      __builtin_prefetch(y, /*write=*/1);
      if (p + 1 < end) __builtin_prefetch(y + 16, 1);
    }
  }
  SumBlock place(int pair, int block, SumBlock sums) const {
    if (!stand_in_y(pair, block)) return sums;
    const auto m = static_cast<size_t>(row + kTileRows * block);
    return {args.y + m * static_cast<size_t>(args.y_stride) + 16 * (begin + 2 * pair), args.y_stride};
  }
  void finish(int pair, int block, SumBlock sums) const {
    if (stand_in_y(pair, block)) return;
    const int p = begin + 2 * pair, m = row + kTileRows * block;
    for (int i = 0; i < rows_of(block); i++) {
      store_columns(args, m + i, p, load(sums.data + i * sums.stride));
      if (p + 1 < end) store_columns(args, m + i, p + 1, load(sums.data + i * sums.stride + 16));
    }
  }
};

inline bool stays_in_cache(int rows, int k) {
  return 2 * static_cast<size_t>(rows) * static_cast<size_t>(k) <= kResidentBytes;
}

template <class Tiles>
void linear_bf16(const LinearArgs& args, int begin, int end) {
  // Where not even half the rows stay, a chunk of them does.
  const bool half = stays_in_cache(kSumRows / 2, args.k) && !stays_in_cache(kSumRows, args.k);
  const int most = half ? kSumRows / 2 : kSumRows;
  const bool chunk_by_chunk = !stays_in_cache(most < args.rows ? most : args.rows, args.k);
  Tiles::configure();
  dispatch_format(args.dtype, [&]<class Format>(Format) {
    for (int row = 0; row < args.rows; row += most) {
      const int rows = args.rows - row < most ? args.rows - row : most;
      const int panels = chunk_by_chunk ? 2 * kGroupPairs : end - begin;
      for (int p = begin; p < end; p += panels) {
        const int stop = p + panels < end ? p + panels : end;
        multiply_panels<Tiles, Format>(args.bf16, args.k, row, rows, (stop - p + 1) / 2, chunk_by_chunk,
                                       LinearJob<Format>{args, row, rows, p, stop});
      }
    }
  });
  Tiles::release();
}

// A panel of the gate beside the same panel of up, which become 16 columns of act(gate) * up.
template <class Tiles, class Format>
struct GatedJob {
  const GatedArgs& args;
  int row, rows, begin;

  const uint8_t* panel(const std::byte* panels, int pair) const {
    return reinterpret_cast<const uint8_t*>(panels) +
           static_cast<size_t>(begin + pair) * panel_bytes(Format::kDType, args.k);
  }
  const uint8_t* left(int pair) const { return panel(args.gate, pair); }
  const uint8_t* right(int pair) const { return panel(args.up, pair); }
  uint16_t* out(int pair, int block, int i) const {
    const int column = 16 * (begin + pair);
    return args.out + bf16_row_at(row + kTileRows * block + i, args.n) +
           kBf16Group * (column / kTileK * kTileK) + column % kTileK;
  }
  [[gnu::always_inline]] void fetch(int pair, int block, int from,
                                    int to) const {  // all kTileRows rows have a place
    for (int i = from; i < to; i++) __builtin_prefetch(out(pair, block, i), /*write=*/1);
  }
  SumBlock place(int, int, SumBlock sums) const { return sums; }
  void finish(int pair, int block, SumBlock sums) const {
    const int left = rows - kTileRows * block;
    for (int i = 0; i < left && i < kTileRows; i++) {
      const F32 gate = load(sums.data + i * sums.stride), up = load(sums.data + i * sums.stride + 16);
      const Bytes line = Tiles::line(args.gelu ? geglu_lanes(gate, up) : swiglu_lanes(gate, up), splat(0));
      __builtin_memcpy(out(pair, block, i), &line, 32);
    }
  }
};

template <class Tiles>
void gated_bf16(const GatedArgs& args, int begin, int end) {
  int most = kSumRows;
  while (most > kTileRows && !stays_in_cache(most, args.k)) most /= 2;
  Tiles::configure();
  dispatch_format(args.dtype, [&]<class Format>(Format) {
    for (int row = 0; row < args.rows; row += most) {
      const int rows = args.rows - row < most ? args.rows - row : most;
      multiply_panels<Tiles, Format>(args.x, args.k, row, rows, end - begin, /*chunk_by_chunk=*/false,
                                     GatedJob<Tiles, Format>{args, row, rows, begin});
    }
  });
  Tiles::release();
}
