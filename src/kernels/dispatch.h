// Which kernel table to run: the best one that both the CPU and the operating system support, or the one that
// UNDERSTUDY_ISA names (scalar, avx2, avx_vnni, avx512, amx; amx_emulated to measure what amx would answer).
#pragma once

#include <vector>

#include "base/result.h"
#include "kernels/kernel_table.h"

namespace understudy {

// The tables this machine can run, slowest first. Never empty.
const std::vector<const KernelTable*>& available_kernels();

// The same, and where AVX-512 runs the tile algorithm on emulated tiles: what tests go through.
std::vector<const KernelTable*> testable_kernels();

// Reads UNDERSTUDY_ISA once per call. An unknown or unsupported name is an Error that lists the available
// ones.
Result<const KernelTable*> select_kernels();

}  // namespace understudy
