// AVX-512 with VNNI, and bf16 matrix tiles for prompt rows.
#include "kernels/isa/avx512/simd.h"

#include "kernels/isa/tables.h"
#include "tensor/packed_layout.h"

namespace understudy::isa::avx512 {
namespace amx {
inline constexpr int kMaxRows = 8;
#include "kernels/generic/table.h"
#include "kernels/isa/amx/linear_bf16.h"

struct HardwareTiles {
  static void configure() {
    struct alignas(64) Config {
      uint8_t palette = 1, start_row = 0, reserved[14] = {};
      uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } config;
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
  static void store(void* p, int stride) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)"
                     :
                     : "r"(p), "r"(static_cast<long>(stride)), "i"(kTile)
                     : "memory");
  }
  template <int kC, int kA, int kB>
  static void multiply() {
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kC), "i"(kA), "i"(kB));
  }
};

constexpr KernelTable table() {
  KernelTable table = generic_table("amx");
  table.linear_bf16 = linear_bf16<HardwareTiles>;
  return table;
}
}  // namespace amx
}  // namespace understudy::isa::avx512

namespace understudy::isa::amx {
extern const KernelTable kTable;
constinit const KernelTable kTable = avx512::amx::table();
}  // namespace understudy::isa::amx
