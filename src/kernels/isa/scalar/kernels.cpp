// Plain C++: runs anywhere, and says what the other sets must compute.
#include "kernels/isa/scalar/simd.h"

#include "kernels/isa/tables.h"
#include "tensor/packed_layout.h"

namespace understudy::isa::scalar {
inline constexpr int kMaxRows = 4;
#include "kernels/generic/table.h"

extern const KernelTable kTable;
constinit const KernelTable kTable = generic_table("scalar");
}  // namespace understudy::isa::scalar
