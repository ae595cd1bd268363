// The tables that the stubs in isa/<x>/ export; dispatch.cpp chooses among them.
#pragma once

#include "kernels/kernel_table.h"

namespace understudy::isa {
namespace scalar {
extern const KernelTable kTable;
}
namespace avx2 {
extern const KernelTable kTable;
}
namespace avx_vnni {
extern const KernelTable kTable;
}
namespace avx512 {
extern const KernelTable kTable;
}
namespace amx {
extern const KernelTable kTable;
}
namespace amx_emulated {
extern const KernelTable kTable;
}
}  // namespace understudy::isa
