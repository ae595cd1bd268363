#include "kernels/isa/avx512/simd.h"

#include "kernels/isa/tables.h"
#include "tensor/packed_layout.h"

namespace understudy::isa::avx512 {
// 32 registers: 8 rows x (2 dots + 1 sum), and the codes.
inline constexpr int kMaxRows = 8;
#include "kernels/generic/table.h"

extern const KernelTable kTable;
constinit const KernelTable kTable = generic_table("avx512");
}  // namespace understudy::isa::avx512
