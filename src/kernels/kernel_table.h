// KernelTable: everything that is compiled once per instruction set. One table per set (isa/<x>/kernels.cpp),
// chosen at run time by dispatch.h. Every function is pure, allocates nothing and touches only its arguments.
//
// The numeric contract (ARCHITECTURE.md): a row's result depends on its own data only. Loops over rows may
// group them as they like; the order of additions within a row is fixed (ascending K, ascending keys in
// blocks of kKeyBlock). This header and what it includes must stay free of code: it is compiled with each
// set's own flags.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace understudy {

inline constexpr int kKeyBlock = 256;      // keys a softmax block
inline constexpr int kPageKeys = 16;       // keys a page; K lies (D, 16) in a page, V lies (16, D)
inline constexpr int kKvGroup = 32;        // values of a head that share a scale in int8 pages
inline constexpr int kTileRows = 32;       // bf16 tiles read whole blocks of rows
inline constexpr int kBf16Group = 16;      // bf16 rows that lie interleaved
inline constexpr int kTileD = 32;          // and head widths are padded so
inline constexpr int kAttendRows = 4;      // query rows that share the reads of a key block
inline constexpr int kMaxHeadWidth = 512;  // D; the largest of the known families is Gemma 4's 512
inline constexpr int kRowGroup = 16;       // int8 rows that lie interleaved
inline constexpr int kMaxBoundK = 16384;   // K of the largest matrix whose outputs can be bounded

// M rows of K activations, quantised to int8 per 32: x = d * q. Sums make the offsets of unsigned codes exact.
// Rows lie in groups of kRowGroup, the last of which may have fewer: (groups, K/32, rows of the group, ...), so that a
// kernel walks all rows of a group with one pointer.
struct Int8Rows {
  const int8_t* q;         // (..., 32)
  const float* d;          // (...)
  const float* dsum;       // (...): d * sum of q, for formats with a minimum
  const int32_t* neg_sum;  // (..., 2): minus the sum of q over each 16, in the table's own form
};

// M rows of K activations as bf16: groups of kBf16Group rows lie (K/32, 16, 32), so that a tile of a
// matrix unit is 1 KiB in one piece. Where row `row` begins; its K 32t.. lie 512 t further.
[[gnu::always_inline]] constexpr size_t bf16_row_at(int row, int k) {
  return static_cast<size_t>(row / kBf16Group * kBf16Group) * static_cast<size_t>(k) +
         static_cast<size_t>(row % kBf16Group * 32);
}

struct LinearArgs {
  DType dtype;
  const std::byte* panels;  // packed weights
  int k;                    // K
  int rows;                 // M
  Int8Rows int8;            // for block formats
  const float* f32;         // (M, K), for float formats
  const uint16_t* bf16;     // (M rounded up to kTileRows, K) in groups (bf16_row_at), for bf16 tiles
  float* y;                 // (M, N) with stride
  int n;                    // N: columns of the last panel beyond it are not written
  int y_stride;
  const float* bias;  // (N) or nullptr
};

// Rows of act(x Wg^T) * (x Wu^T) as bf16, both weights of one format. N is a multiple of 32.
struct GatedArgs {
  DType dtype;
  const std::byte *gate, *up;  // packed weights (N, K)
  int k, rows, n;
  const uint16_t* x;  // (M rounded up to kTileRows, K) in groups (bf16_row_at)
  bool gelu;          // act is tanh-GELU, else SiLU
  uint16_t* out;      // (M rounded up to kTileRows, N) in groups
};

// int8 pages hold K and V as signed bytes, each followed by f16 scales (D / 32 rounded up, 16): one for every
// key and kKvGroup of its values.

// The keys and values of one KV head of one sequence at positions [block * kKeyBlock, (block + 1) * kKeyBlock).
struct KeyBlock {
  int d;                          // head width D, a multiple of 16
  bool int8;                      // else keys and values are f16
  const std::byte* const* pages;  // page table of the sequence
  size_t k_offset, v_offset;      // of this layer and head inside a page
  int block;
};

// Up to kAttendRows query rows over one block of keys.
struct AttendArgs : KeyBlock {
  int rows;                     // query rows, 1..kAttendRows
  const float* q[kAttendRows];  // (D) each, scaled by 1/sqrt(D) or what the family says
  int first[kAttendRows];       // visible keys are positions [first, last)
  int last[kAttendRows];
  float* max;  // (rows): largest score
  float* sum;  // (rows): sum of exp(score - max); 0 if the row sees no key of the block
  float* out;  // (rows, D): sum of exp(score - max) * v
};

// The same for any number of query rows, on bf16 tiles. Rows are padded to kTileRows and D to kTileD in q and out.
struct AttendTilesArgs : KeyBlock {
  int rows;
  const uint16_t* q;  // (rows, D) in groups (bf16_row_at), scaled; zeros beyond D
  const int* first;   // (rows): visible keys are positions [first, last), both ascending
  const int* last;
  float* max;  // (rows)
  float* sum;
  float* out;  // (rows, D)
};

// c[m, n] += sum over k of a[m, k] * b[k, n], all f32. `a` has a stride for either axis (so it may be a
// transpose); rows of b and c are contiguous. n is a multiple of 16.
struct MultiplyArgs {
  const float* a;
  ptrdiff_t a_row, a_k;  // a[m, k] is a[m * a_row + k * a_k]
  const float* b;
  int b_stride;
  float* c;
  int c_stride;
  int rows, n, k;
};

// dx (M, K) += dy (M, N) W for packed W (N, K).
struct LinearBackwardArgs {
  DType dtype;
  const std::byte* panels;
  int n, k;         // N, K
  int rows;         // M
  const float* dy;  // (M, N)
  float* dx;        // (M, K)
};

struct KernelTable {
  const char* name;  // also part of cache keys: bits may differ between tables

  // One row of K activations to int8 per 32, rounding to nearest even; d = max|x| / 127. `rows`: of its group, so
  // tile t comes to q + 32 * rows * t, and so on.
  void (*quantize_row)(const float* x, int k, int rows, int8_t* q, float* d, float* dsum, int32_t* neg_sum);
  // One row of K activations to bf16, in its group.
  void (*round_row_bf16)(const float* x, int k, uint16_t* y);

  // y = x W^T (+ bias) for output columns of panels [begin, end). Block formats use int8 activations with an
  // exact integer dot per scale group and one f32 FMA per group; float formats f32 FMAs. Both ascend K.
  void (*linear)(const LinearArgs& args, int begin, int end);
  // The same from bf16 activations and weights rounded once to bf16, f32 sums in ascending K. nullptr: the
  // set has no matrix unit, and prompt rows use `linear`.
  void (*linear_bf16)(const LinearArgs& args, int begin, int end);
  // Columns of panels [begin, end): the bits of linear_bf16, swiglu or geglu, and round_row_bf16 one after the other, without
  // their ways through memory. nullptr where linear_bf16 is.
  void (*gated_bf16)(const GatedArgs& args, int begin, int end);

  // For one row and formats with low quants (packed_layout.h), which it doesn't read: the largest output of each panel in
  // [begin, end), estimated, and bounded: none that `linear` gives without bias is larger. The bound is not finite where weights
  // or activations are not. K is at most kMaxBoundK.
  void (*bound)(const LinearArgs& args, int begin, int end, float* estimates, float* bounds);

  void (*rms_norm)(const float* x, const float* w, int c, float eps, float* y);
  // y = silu(gate) * up, y = gelu_tanh(gate) * up.
  void (*swiglu)(const float* gate, const float* up, int n, float* y);
  void (*geglu)(const float* gate, const float* up, int n, float* y);
  // y = x * Phi(x); y may be x.
  void (*gelu)(const float* x, int n, float* y);
  // Turns pairs in each of `heads` heads of `width` values: y[i] = x[i] cosine[i] + x[partner of i] * (direction * sine[i]) for i
  // in [0, 2 n); partners are i and i ^ 1 if `adjacent`, else i and i + n. In place; two products and a sum, no FMA.
  void (*rotate)(float* x, int heads, int width, int n, bool adjacent, const float* cosine, const float* sine,
                 float direction);
  void (*add)(const float* a, const float* b, int n, float* y);  // y may be a or b
  void (*store_f16)(const float* x, int n, uint16_t* y);

  void (*attend)(const AttendArgs& args);
  // Of prompt rows: queries, keys, weights exp(score - max) and values rounded once to bf16, sums f32. A row's bits
  // depend on what it sees only, as long as all values of the block are finite. nullptr: no matrix unit.
  void (*attend_tiles)(const AttendTilesArgs& args);
  // Folds block results into a running (max, sum, out), in order: the softmax over all keys so far.
  void (*attend_merge)(float block_max, float block_sum, const float* block_out, int d, float* max,
                       float* sum, float* out);

  // Backward (training). Sums ascend: k, then n. Rows may be grouped and columns split: no bit changes.
  void (*multiply_add)(const MultiplyArgs& args);
  // Columns of K tiles [begin, end) of dx; weights are dequantised exactly, products are f32 FMAs.
  void (*linear_backward)(const LinearBackwardArgs& args, int begin, int end);
  // Each of these overwrites dy, the gradient of the op's result, with that of its (first) input. Sizes are
  // multiples of 16.
  void (*rms_norm_backward)(const float* x, const float* w, int c, float eps, float* dy);
  // dup += dy * act(gate), then dy = dy * up * act'(gate).
  void (*swiglu_backward)(const float* gate, const float* up, int n, float* dy, float* dup);
  void (*geglu_backward)(const float* gate, const float* up, int n, float* dy, float* dup);
  // x = exp(x - max) / sum, for any n >= 1; max and sum: largest x, and the sum of exp(x - max).
  void (*softmax)(float* x, int n, float* max, float* sum);
  // dp = p * (dp - sum over j of p[j] dp[j]): from the gradient of softmax's result to that of its input.
  void (*softmax_backward)(const float* p, int n, float* dp);

  // Yardsticks (generic/peak.h): read memory, multiply 512 pairs of int8 a round, or 192 pairs of f32, as
  // fast as the set can.
  uint64_t (*read_all)(const std::byte* data, size_t bytes);
  int32_t (*peak_int8)(int rounds);
  float (*peak_f32)(int rounds);
  // `rounds` x 4 products of bf16 tiles, 32,768 multiply-adds. nullptr: no matrix unit.
  void (*peak_bf16)(int rounds);
};

}  // namespace understudy
