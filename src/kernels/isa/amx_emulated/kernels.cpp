// The algorithm of isa/amx on tiles in plain memory: lets tests run it on machines without a matrix unit.
// Never chosen for serving. Tile semantics: Intel SDM, TDPBF16PS (products of a pair are summed apart, then
// added to the sum).
#include "kernels/isa/avx512/simd.h"

#include "kernels/isa/tables.h"
#include "tensor/packed_layout.h"

namespace understudy::isa::avx512 {
namespace amx_emulated {
inline constexpr int kMaxRows = 8;
#include "kernels/generic/table.h"
#include "kernels/isa/amx/multiply_block.h"
// clang-format off: each file builds on those before it
#include "kernels/isa/amx/attend_tiles.h"
#include "kernels/isa/amx/linear_bf16.h"
#include "kernels/isa/amx/linear_int8.h"
// clang-format on

struct MemoryTiles {
  static inline thread_local uint8_t tiles[8][16][64];
  static inline thread_local int tile_rows[8], row_bytes[8];

  static void configure() {
    __builtin_memset(tiles, 0xff, sizeof(tiles));  // NaN: a tile used before it is set shows
    for (int t = 0; t < 8; t++) tile_rows[t] = 16, row_bytes[t] = 64;
  }
  static void configure_int8(int rows, int bytes) {
    configure();
    for (int t : {0, 1, 4, 5}) tile_rows[t] = rows;
    for (int t : {4, 5}) row_bytes[t] = bytes;
    for (int t : {6, 7}) tile_rows[t] = bytes / 4;
  }
  static void release() {}
  template <int kTile>
  static void zero() {
    __builtin_memset(tiles[kTile], 0, sizeof(tiles[kTile]));
  }
  template <int kTile>
  static void load(const void* p, int stride) {
    for (int r = 0; r < tile_rows[kTile]; r++) {
      __builtin_memcpy(tiles[kTile][r], static_cast<const uint8_t*>(p) + static_cast<ptrdiff_t>(r) * stride,
                       static_cast<size_t>(row_bytes[kTile]));
    }
  }
  template <int kTile>
  static void load_far(const void* p, int stride) {
    load<kTile>(p, stride);
  }
  template <int kTile>
  static void store(void* p, int stride) {
    for (int r = 0; r < tile_rows[kTile]; r++) {
      __builtin_memcpy(static_cast<uint8_t*>(p) + static_cast<ptrdiff_t>(r) * stride, tiles[kTile][r],
                       static_cast<size_t>(row_bytes[kTile]));
    }
  }
  template <int kC, int kA, int kB>
  static void multiply_int8() {
    for (int m = 0; m < tile_rows[kC]; m++) {
      for (int n = 0; n < 16; n++) {
        int32_t sum;
        __builtin_memcpy(&sum, &tiles[kC][m][4 * n], 4);
        for (int k = 0; k < row_bytes[kA]; k++) {
          sum += static_cast<int8_t>(tiles[kA][m][k]) * static_cast<int8_t>(tiles[kB][k / 4][4 * n + k % 4]);
        }
        __builtin_memcpy(&tiles[kC][m][4 * n], &sum, 4);
      }
    }
  }
  static I32 rounded(F32 x) {
    const I32 bits = _mm512_castps_si512(x),
              last = _mm512_and_si512(_mm512_srli_epi32(bits, 16), splat_i32(1));
    return _mm512_srli_epi32(add(bits, add(splat_i32(0x7fff), last)), 16);
  }
  static Bytes pairs(F32 even, F32 odd) {
    return {_mm512_or_si512(rounded(even), shift_left<16>(rounded(odd)))};
  }
  static Bytes line(F32 low, F32 high) {
    return {_mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi32_epi16(rounded(low))),
                               _mm512_cvtepi32_epi16(rounded(high)), 1)};
  }
  // Products of two bf16 are exact in f32, so a fused multiply-add rounds as the SDM says.
  template <int kC, int kA, int kB>
  static void multiply() {
    const I32 high = splat_i32(static_cast<int32_t>(0xffff0000u));
    for (int m = 0; m < 16; m++) {
      F32 even = splat(0), odd = splat(0);
      for (int k = 0; k < 16; k++) {
        uint32_t pair;
        __builtin_memcpy(&pair, &tiles[kA][m][4 * k], 4);
        const I32 a = splat_i32(static_cast<int32_t>(pair)), b = load_bytes(tiles[kB][k]).v;
        even = fma(_mm512_castsi512_ps(shift_left<16>(a)), _mm512_castsi512_ps(shift_left<16>(b)), even);
        odd = fma(_mm512_castsi512_ps(_mm512_and_si512(a, high)),
                  _mm512_castsi512_ps(_mm512_and_si512(b, high)), odd);
      }
      F32 sum = _mm512_castsi512_ps(load_bytes(tiles[kC][m]).v);
      sum = add(sum, add(even, odd));
      __builtin_memcpy(tiles[kC][m], &sum, 64);
    }
  }
};

constexpr KernelTable table() {
  KernelTable table = generic_table("amx_emulated");
  table.round_row_bf16 = round_row_to_bf16<MemoryTiles>;
  table.linear = linear_with_tiles<MemoryTiles>;
  table.linear_bf16 = linear_bf16<MemoryTiles>;
  table.gated_bf16 = gated_bf16<MemoryTiles>;
  table.attend_tiles = attend_tiles<MemoryTiles>;
  return table;
}
}  // namespace amx_emulated
}  // namespace understudy::isa::avx512

namespace understudy::isa::amx_emulated {
extern const KernelTable kTable;
constinit const KernelTable kTable = avx512::amx_emulated::table();
}  // namespace understudy::isa::amx_emulated
