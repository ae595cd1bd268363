// A 32 x 32 block of sums of products of bf16 on matrix tiles. Included inside the namespace of a set, after
// generic/table.h and before the kernels that are templates over a `Tiles` type with the eight tile registers:
//
//   Tiles::configure(), Tiles::release()                 per call and thread; all tiles 16 rows of 64 bytes
//   Tiles::zero<t>(), load<t>(p, stride), store<t>(p, stride), multiply<c, a, b>()
//   Tiles::load_far<t>(p, stride)                        load, of what the first-level cache need not keep
//   Tiles::pairs(even, odd)                              16 pairs (even, odd) of bf16, rounded to nearest even
//   Tiles::line(low, high)                               32 bf16: low, then high, rounded so
//
// An operand is a row of tiles of 1 KiB in ascending K: on the left 16 rows of 32 K, on the right 16 pairs of K of 16 columns.

inline constexpr int kTileBytes = 1024;

template <class Tiles>
void round_row_to_bf16(const float* x, int k, uint16_t* y) {
  for (int i = 0; i < k; i += kTileK)
    store_bytes(y + kBf16Group * i, Tiles::line(load(x + i), load(x + i + 16)));
}

// Sums of 32 rows and 32 columns, in memory.
struct SumBlock {
  float* data = nullptr;
  int stride = 0;  // floats from row to row
};

// to = from + x * columns over `tiles` tiles of K; from {} means 0. A tile keeps the matrix unit busy for 64 cycles, in which
// the vector units are free: before_tile(t) is called before each, and of every four tiles
// meanwhile(std::integral_constant<int, 0..3>) once each.
template <class Tiles, class BeforeTile, class Meanwhile>
[[gnu::always_inline]] inline void multiply_block(const uint16_t* upper, const uint16_t* lower,
                                                  const uint8_t* left, const uint8_t* right, int tiles,
                                                  SumBlock from, SumBlock to, BeforeTile before_tile,
                                                  Meanwhile meanwhile) {
  constexpr int kWords = kTileBytes / 2;
  if (from.data != nullptr) {
    const float* second = from.data + 16 * from.stride;
    const int bytes = 4 * from.stride;
    Tiles::template load<0>(from.data, bytes);
    Tiles::template load<1>(from.data + 16, bytes);
    Tiles::template load<2>(second, bytes);
    Tiles::template load<3>(second + 16, bytes);
  } else {
    Tiles::template zero<0>(), Tiles::template zero<1>(), Tiles::template zero<2>(),
        Tiles::template zero<3>();
  }
  const auto multiply_tile = [&](int t) {
    before_tile(t);
    Tiles::template load_far<4>(upper + t * kWords, 64);
    Tiles::template load_far<5>(lower + t * kWords, 64);
    Tiles::template load<6>(left + t * kTileBytes, 64);
    Tiles::template load<7>(right + t * kTileBytes, 64);
    Tiles::template multiply<0, 4, 6>();
    Tiles::template multiply<1, 4, 7>();
    Tiles::template multiply<2, 5, 6>();
    Tiles::template multiply<3, 5, 7>();
  };
  int t = 0;
  for (; t + 4 <= tiles; t += 4) {
    multiply_tile(t), meanwhile(std::integral_constant<int, 0>{});
    multiply_tile(t + 1), meanwhile(std::integral_constant<int, 1>{});
    multiply_tile(t + 2), meanwhile(std::integral_constant<int, 2>{});
    multiply_tile(t + 3), meanwhile(std::integral_constant<int, 3>{});
  }
  for (; t < tiles; t++) multiply_tile(t);
  float* second = to.data + 16 * to.stride;
  const int bytes = 4 * to.stride;
  Tiles::template store<0>(to.data, bytes);
  Tiles::template store<1>(to.data + 16, bytes);
  Tiles::template store<2>(second, bytes);
  Tiles::template store<3>(second + 16, bytes);
}
