// What this machine can do at best, measured now with the same threads: the yardsticks of `understudy bench`.
#pragma once

#include <cstddef>

#include "base/thread_pool.h"
#include "kernels/kernel_table.h"

namespace understudy {

// Bytes a second when all threads read a buffer of `bytes` on huge pages, median of several passes. Caches
// count: a small model really is read from them.
double read_bytes_per_s(ThreadPool& pool, const KernelTable& kernels, size_t bytes);

// Multiply-adds a second over all threads, operands in registers: int8, or bf16 on the matrix unit for prompt rows where the
// set has one.
double multiply_adds_per_s(ThreadPool& pool, const KernelTable& kernels, bool prompt);

}  // namespace understudy
