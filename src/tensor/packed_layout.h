// The packed layout of weights: the only one that kernels know.
//
// A matrix of N output rows and K inputs is cut into panels of 16 rows (N is padded with zero rows). A panel
// holds its quants first, then its scales, both in ascending K; the unit of both is a tile of 16 rows x 32 K:
//
//   panel  = quants of tile 0, 1, …, K/32 - 1 | scales of tile (or super-block of 8 tiles) 0, 1, …
//
// Inside a tile, K is cut into 8 groups of 4; "byte (lane, i)" is byte 4 * lane + i of a 64-byte vector, one
// lane a row. That is the operand of a 4-way int8 dot product (VNNI), 16 rows at a time.
//   codes, 4 bits   vector j = 0..3: low nibble (lane, i) = row lane, K 4j + i; high nibble = K 16 + 4j + i
//   fifth bits      8 x u64 after the nibbles: bit 4 * lane + i of mask g = row lane, K 4g + i
//   bits 5 and 6    2 vectors after the nibbles: group g in vector g / 4, bits 2 * (g % 4) and up
//   codes, 8 bits   vector g = 0..7: (lane, i) = row lane, K 4g + i, signed
//   floats          32 K x 16 rows, K-major
// Scales are 16 values, one a row: f16 d (and f16 m for Q4_1) a tile; for the K formats a super-block of 8
// tiles has f16 d, [f16 dmin,] then the sub-scales of its tiles: Q4_K 8 x 16 u8 scales, 8 x 16 u8 mins; Q6_K
// 16 x 16 i8 (one per 16 K). Packing is lossless; Q4_K grows by 2.8 % because its 6-bit sub-scales become
// bytes.
#pragma once

#include <cstddef>

#include "tensor/dtype.h"

namespace understudy {

inline constexpr int kPanelRows = 16;
inline constexpr int kTileK = 32;

struct PackedLayout {
  int quant_bytes = 0;  // a tile
  int scale_tiles = 1;  // tiles that share one block of scales
  int scale_bytes = 0;  // a block of scales
};

constexpr PackedLayout packed_layout(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return {2048, 1, 0};
    case DType::f16:
    case DType::bf16:
      return {1024, 1, 0};
    case DType::q4_0:
      return {256, 1, 32};
    case DType::q4_1:
      return {256, 1, 64};
    case DType::q5_0:
      return {256 + 64, 1, 32};
    case DType::q8_0:
      return {512, 1, 32};
    case DType::q4_k:
      return {256, 8, 64 + 256};
    case DType::q6_k:
      return {256 + 128, 8, 32 + 256};
  }
  return {};
}

constexpr size_t panel_quant_bytes(DType dtype, int k) {
  return static_cast<size_t>(k / kTileK) * static_cast<size_t>(packed_layout(dtype).quant_bytes);
}

constexpr size_t panel_bytes(DType dtype, int k) {
  PackedLayout layout = packed_layout(dtype);
  size_t scales =
      static_cast<size_t>(k / kTileK / layout.scale_tiles) * static_cast<size_t>(layout.scale_bytes);
  return (panel_quant_bytes(dtype, k) + scales + 63) / 64 * 64;
}

}  // namespace understudy
