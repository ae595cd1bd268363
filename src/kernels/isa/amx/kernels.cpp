// AVX-512 with VNNI, and bf16 matrix tiles for prompt rows.
#include "kernels/isa/avx512/simd.h"
#include "kernels/isa/tables.h"
#include "tensor/packed_layout.h"

namespace understudy::isa::avx512 {
namespace amx {
inline constexpr int kMaxRows = 8;
#include "kernels/generic/table.h"
#include "kernels/isa/amx/multiply_block.h"
// clang-format off: each file builds on those before it
#include "kernels/isa/amx/attend_tiles.h"
#include "kernels/isa/amx/linear_bf16.h"
#include "kernels/isa/amx/linear_int8.h"
// clang-format on

struct HardwareTiles {
  struct alignas(64) Config {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  };
  static void configure() {
    const Config config;
    __asm__ volatile("ldtilecfg %0" : : "m"(config));
  }
  static void configure_int8(int rows, int bytes) {
    Config config;
    for (int tile : {0, 1, 4, 5}) config.rows[tile] = static_cast<uint8_t>(rows);
    for (int tile : {4, 5}) config.row_bytes[tile] = static_cast<uint16_t>(bytes);
    for (int tile : {6, 7}) config.rows[tile] = static_cast<uint8_t>(bytes / 4);
    __asm__ volatile("ldtilecfg %0" : : "m"(config));
  }
  // The intrinsics of g++ 12 are macros that paste the tile's digit, so a template argument needs assembly.
  static void release() { __asm__ volatile("tilerelease" : : : "memory"); }
  template <int kTile>
  static void zero() {
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(kTile));
  }
  template <int kTile>
  static void load(const void* p, int stride) {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2"
                     :
                     : "r"(p), "r"(static_cast<long>(stride)), "i"(kTile)
                     : "memory");
  }
  template <int kTile>
  static void load_far(const void* p, int stride) {
    __asm__ volatile("tileloaddt1 (%0,%1,1), %%tmm%c2"
                     :
                     : "r"(p), "r"(static_cast<long>(stride)), "i"(kTile)
                     : "memory");
  }
  template <int kTile>
  static void store(void* p, int stride) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)"
                     :
                     : "r"(p), "r"(static_cast<long>(stride)), "i"(kTile)
                     : "memory");
  }
  static Bytes line(F32 low, F32 high) { return {reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low))}; }
  static Bytes pairs(F32 even, F32 odd) {
    alignas(64) static constexpr uint16_t kInterleave[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                             21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                             11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    return {_mm512_permutexvar_epi16(_mm512_load_si512(kInterleave), line(even, odd).v)};
  }
  template <int kC, int kA, int kB>
  static void multiply() {
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kC), "i"(kA), "i"(kB));
  }
  template <int kC, int kA, int kB>
  static void multiply_int8() {
    __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kC), "i"(kA), "i"(kB));
  }
};

// Operands are bf16 of all mantissas and both signs: with zeros the unit keeps a fifth more of its clock (Sapphire Rapids).
void peak_bf16(int rounds) {
  alignas(64) uint16_t operands[kTileBytes];  // two tiles
  for (uint32_t i = 0; i < kTileBytes; i++)
    operands[i] = static_cast<uint16_t>(0x3f80u | ((i * 2654435761u >> 16) & 0x807fu));
  HardwareTiles::configure();
  HardwareTiles::load<4>(operands, 64), HardwareTiles::load<5>(operands, 64);
  HardwareTiles::load<6>(operands + kTileBytes / 2, 64),
      HardwareTiles::load<7>(operands + kTileBytes / 2, 64);
  HardwareTiles::zero<0>(), HardwareTiles::zero<1>(), HardwareTiles::zero<2>(), HardwareTiles::zero<3>();
  for (int round = 0; round < rounds; round++) {
    HardwareTiles::multiply<0, 4, 6>(), HardwareTiles::multiply<1, 4, 7>();
    HardwareTiles::multiply<2, 5, 6>(), HardwareTiles::multiply<3, 5, 7>();
  }
  HardwareTiles::release();
}

constexpr KernelTable table() {
  KernelTable table = generic_table("amx");
  table.round_row_bf16 = round_row_to_bf16<HardwareTiles>;
  table.linear = linear_with_tiles<HardwareTiles>;
  table.linear_bf16 = linear_bf16<HardwareTiles>;
  table.gated_bf16 = gated_bf16<HardwareTiles>;
  table.attend_tiles = attend_tiles<HardwareTiles>;
  table.peak_bf16 = peak_bf16;
  return table;
}
}  // namespace amx
}  // namespace understudy::isa::avx512

namespace understudy::isa::amx {
extern const KernelTable kTable;
constinit const KernelTable kTable = avx512::amx::table();
}  // namespace understudy::isa::amx
