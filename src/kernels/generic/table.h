// All generic kernels and the table that names them. The one generic file that a stub includes, inside its
// namespace and after its simd.h and kMaxRows (rows that share one unpacking of weights; as many as its
// registers hold).

// clang-format off: each file builds on those before it
#include "kernels/generic/formats.h"
#include "kernels/generic/linear.h"
#include "kernels/generic/bound.h"
#include "kernels/generic/elementwise.h"
#include "kernels/generic/attention.h"
#include "kernels/generic/multiply.h"
#include "kernels/generic/linear_backward.h"
#include "kernels/generic/backward.h"
#include "kernels/generic/peak.h"
// clang-format on

constexpr KernelTable generic_table(const char* name) {
  return {.name = name,
          .quantize_row = quantize_row,
          .round_row_bf16 = round_row_bf16,
          .linear = linear,
          .linear_bf16 = nullptr,
          .gated_bf16 = nullptr,
          .bound = bound,
          .rms_norm = rms_norm,
          .swiglu = swiglu,
          .geglu = geglu,
          .gelu = gelu,
          .rotate = rotate,
          .add = add_rows,
          .store_f16 = store_f16_row,
          .attend = attend,
          .attend_tiles = nullptr,
          .attend_merge = attend_merge,
          .multiply_add = multiply_add,
          .linear_backward = linear_backward,
          .rms_norm_backward = rms_norm_backward,
          .swiglu_backward = swiglu_backward,
          .geglu_backward = geglu_backward,
          .softmax = softmax,
          .softmax_backward = softmax_backward,
          .read_all = read_all,
          .peak_int8 = peak_int8,
          .peak_f32 = peak_f32,
          .peak_bf16 = nullptr};
}
