#define UNDERSTUDY_ISA_NAMESPACE avx2
#include "kernels/isa/avx2/simd.h"

#include "kernels/isa/tables.h"
#include "tensor/packed_layout.h"

namespace understudy::isa::avx2 {
// 16 registers: 4 rows x 1 dot of two halves each, the codes, and a broadcast; sums pass through the first-level cache.
inline constexpr int kMaxRows = 4;
#include "kernels/generic/table.h"

extern const KernelTable kTable;
constinit const KernelTable kTable = generic_table("avx2");
}  // namespace understudy::isa::avx2
