#define UNDERSTUDY_ISA_NAMESPACE avx_vnni
#include "kernels/isa/avx2/simd.h"

#include "kernels/isa/tables.h"
#include "tensor/packed_layout.h"

namespace understudy::isa::avx_vnni {
// 16 registers: 2 rows x (2 dots + 1 sum) of two halves each, and the codes.
inline constexpr int kMaxRows = 2;
#include "kernels/generic/table.h"

extern const KernelTable kTable;
constinit const KernelTable kTable = generic_table("avx_vnni");
}  // namespace understudy::isa::avx_vnni
