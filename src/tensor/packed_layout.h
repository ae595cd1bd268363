// The packed layout of weights: the only one that kernels know.
//
// A matrix of N output rows and K inputs is cut into panels of 16 rows (N is padded with zero rows). A panel
// holds its quants first, then its scales, in ascending K; the unit is a tile of 16 rows x 32 K:
//
//   panel  = quants of tile 0, 1, …, K/32 - 1 | low quants of tile 0, 1, … | scales of tile (or super-block of 8 tiles) 0, 1, …
//
// Low quants are the lower bits of codes of 6 and 8 bits. They lie apart because the upper four bits alone bound a sum
// (KernelTable::bound).
//
// Inside a tile, K is cut into 8 groups of 4; "byte (lane, i)" is byte 4 * lane + i of a 64-byte vector, one
// lane a row. That is the operand of a 4-way int8 dot product (VNNI), 16 rows at a time.
//   nibbles   vector j = 0..3: low nibble (lane, i) = row lane, K 4j + i; high nibble = K 16 + 4j + i
//   pairs     vector h = 0, 1: bits 2 * j and up of (lane, i) = row lane, K 16h + 4j + i
//   bits      8 x u64: bit 4 * lane + i of mask g = row lane, K 4g + i
//   floats    32 K x 16 rows, K-major
// Codes of 2 bits are pairs, 3 pairs and a high bit, 4 nibbles, 5 nibbles and a high bit, 6 nibbles and low
// pairs, 8 (signed) nibbles and low nibbles. Scales are 16 values, one a row: f16 d[, f16 m][, i8 sub-scales][, i8 sub-minimums],
// each in ascending K. Packing is lossless; Q3_K grows by 3.6 % and Q4_K by 2.8 % because their 6-bit
// sub-scales become bytes.
#pragma once

#include <cstddef>

#include "tensor/dtype.h"

namespace understudy {

// Of copies on disk (packed_weights.h): a change of the layout changes it, and they are packed anew.
inline constexpr int kPackedLayoutVersion = 2;

inline constexpr int kPanelRows = 16;
inline constexpr int kTileK = 32;

struct PackedLayout {
  int quant_bytes = 0;  // a tile
  int low_bytes = 0;    // a tile
  int scale_tiles = 1;  // tiles that share one block of scales
  int scale_bytes = 0;  // a block of scales; 0: floats
};

[[gnu::always_inline]] constexpr PackedLayout packed_layout(DType dtype) {
  const DTypeInfo& type = info(dtype);
  if (type.codes.bits == 0) return {kPanelRows * kTileK * static_cast<int>(type.bytes), 0, 1, 0};
  const int halves = type.codes.minimum ? 2 : 1;
  const int sub_bytes = type.codes.sub_scales * (type.codes.sub_nibbles ? 1 : halves);
  const int low_bits = type.codes.bits > 5 ? type.codes.bits - 4 : 0;
  return {kPanelRows * kTileK * (type.codes.bits - low_bits) / 8, kPanelRows * kTileK * low_bits / 8,
          static_cast<int>(type.block) / kTileK, kPanelRows * (2 * halves + sub_bytes)};
}

// Where a panel's low quants begin.
[[gnu::always_inline]] constexpr size_t panel_low_at(DType dtype, int k) {
  return static_cast<size_t>(k / kTileK) * static_cast<size_t>(packed_layout(dtype).quant_bytes);
}

// Where its scales begin.
[[gnu::always_inline]] constexpr size_t panel_scales_at(DType dtype, int k) {
  return panel_low_at(dtype, k) +
         static_cast<size_t>(k / kTileK) * static_cast<size_t>(packed_layout(dtype).low_bytes);
}

[[gnu::always_inline]] constexpr size_t panel_bytes(DType dtype, int k) {
  PackedLayout layout = packed_layout(dtype);
  size_t scales =
      static_cast<size_t>(k / kTileK / layout.scale_tiles) * static_cast<size_t>(layout.scale_bytes);
  return (panel_scales_at(dtype, k) + scales + 63) / 64 * 64;
}

}  // namespace understudy
