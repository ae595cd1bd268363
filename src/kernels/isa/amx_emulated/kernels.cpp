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
#include "kernels/isa/amx/linear_bf16.h"

struct MemoryTiles {
  static inline thread_local uint8_t tiles[8][16][64];

  static void configure() {
    __builtin_memset(tiles, 0xff, sizeof(tiles));
  }  // NaN: a tile used before it is set shows
  static void release() {}
  template <int kTile>
  static void zero() {
    __builtin_memset(tiles[kTile], 0, sizeof(tiles[kTile]));
  }
  template <int kTile>
  static void load(const void* p, int stride) {
    for (int r = 0; r < 16; r++)
      __builtin_memcpy(tiles[kTile][r], static_cast<const uint8_t*>(p) + static_cast<ptrdiff_t>(r) * stride,
                       64);
  }
  template <int kTile>
  static void store(void* p, int stride) {
    for (int r = 0; r < 16; r++)
      __builtin_memcpy(static_cast<uint8_t*>(p) + static_cast<ptrdiff_t>(r) * stride, tiles[kTile][r], 64);
  }
  static float bf16(const uint8_t* p) {
    uint16_t half;
    __builtin_memcpy(&half, p, 2);
    uint32_t bits = static_cast<uint32_t>(half) << 16;
    float value;
    __builtin_memcpy(&value, &bits, 4);
    return value;
  }
  template <int kC, int kA, int kB>
  static void multiply() {
    for (int m = 0; m < 16; m++) {
      for (int n = 0; n < 16; n++) {
        float even = 0, odd = 0, sum;
        for (int k = 0; k < 16; k++) {
          even += bf16(&tiles[kA][m][4 * k]) * bf16(&tiles[kB][k][4 * n]);
          odd += bf16(&tiles[kA][m][4 * k + 2]) * bf16(&tiles[kB][k][4 * n + 2]);
        }
        __builtin_memcpy(&sum, &tiles[kC][m][4 * n], 4);
        sum += even + odd;
        __builtin_memcpy(&tiles[kC][m][4 * n], &sum, 4);
      }
    }
  }
};

constexpr KernelTable table() {
  KernelTable table = generic_table("amx-emulated");
  table.linear_bf16 = linear_bf16<MemoryTiles>;
  return table;
}
}  // namespace amx_emulated
}  // namespace understudy::isa::avx512

namespace understudy::isa::amx_emulated {
extern const KernelTable kTable;
constinit const KernelTable kTable = avx512::amx_emulated::table();
}  // namespace understudy::isa::amx_emulated
