#include "tensor/packed_matrix.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "tensor/half.h"
#include "tensor/quant_block.h"

namespace understudy {

namespace {

void put_u16(std::byte* at, uint16_t value) { std::memcpy(at, &value, 2); }
uint16_t get_u16(const std::byte* at) {
  uint16_t value;
  std::memcpy(&value, at, 2);
  return value;
}

// Codes of one tile, 16 rows of 32, four codes to a word: the planes of packed_layout.h are word operations
// on them.
struct TileCodes {
  uint32_t word[kPanelRows][8];  // word g of a row holds its K 4g .. 4g + 3
};

void write_nibbles(const TileCodes& codes, std::byte* quants) {
  for (int j = 0; j < 4; j++) {
    for (int lane = 0; lane < kPanelRows; lane++) {
      uint32_t both = (codes.word[lane][j] & 0x0f0f0f0fu) | (codes.word[lane][j + 4] & 0x0f0f0f0fu) << 4;
      std::memcpy(quants + 64 * j + 4 * lane, &both, 4);
    }
  }
}

void write_fifth_bits(const TileCodes& codes, std::byte* masks) {
  for (int g = 0; g < 8; g++) {
    uint64_t mask = 0;
    for (int lane = 0; lane < kPanelRows; lane++) {
      uint32_t bits =
          codes.word[lane][g] >> 4 & 0x01010101u;  // one a byte; the product gathers them in its top byte
      mask |= static_cast<uint64_t>(bits * 0x01020408u >> 24 & 15) << 4 * lane;
    }
    std::memcpy(masks + 8 * g, &mask, 8);
  }
}

void write_bit_pairs(const TileCodes& codes, std::byte* vectors) {
  for (int half = 0; half < 2; half++) {
    for (int lane = 0; lane < kPanelRows; lane++) {
      uint32_t pairs = 0;
      for (int i = 0; i < 4; i++) pairs |= (codes.word[lane][4 * half + i] >> 4 & 0x03030303u) << 2 * i;
      std::memcpy(vectors + 64 * half + 4 * lane, &pairs, 4);
    }
  }
}

void write_tile(DType dtype, const TileCodes& codes, std::byte* quants) {
  if (dtype == DType::q8_0) {
    for (int g = 0; g < 8; g++) {
      for (int lane = 0; lane < kPanelRows; lane++)
        std::memcpy(quants + 64 * g + 4 * lane, &codes.word[lane][g], 4);
    }
    return;
  }
  write_nibbles(codes, quants);
  if (dtype == DType::q5_0) write_fifth_bits(codes, quants + 256);
  if (dtype == DType::q6_k) write_bit_pairs(codes, quants + 256);
}

uint8_t read_code(DType dtype, const std::byte* quants, int lane, int kk) {
  auto at = [&](int vector) { return std::to_integer<int>(quants[64 * vector + 4 * lane + kk % 4]); };
  if (dtype == DType::q8_0) return static_cast<uint8_t>(at(kk / 4));
  int code = at(kk % 16 / 4) >> (kk < 16 ? 0 : 4) & 15;
  if (dtype == DType::q5_0) {
    const int bit = 4 * lane + kk % 4;
    code |= (std::to_integer<int>(quants[256 + 8 * (kk / 4) + bit / 8]) >> bit % 8 & 1) << 4;
  }
  if (dtype == DType::q6_k) code |= (at(4 + kk / 16) >> 2 * (kk / 4 % 4) & 3) << 4;
  return static_cast<uint8_t>(code);
}

void put_scales(DType dtype, const QuantBlock& block, int lane, std::byte* scales) {
  put_u16(scales + 2 * lane, block.d);
  if (dtype == DType::q4_1 || dtype == DType::q4_k) put_u16(scales + 32 + 2 * lane, block.m);
  if (dtype == DType::q4_k) {
    for (int i = 0; i < 8; i++) {
      scales[64 + 16 * i + lane] = std::byte{block.scales[i]};
      scales[192 + 16 * i + lane] = std::byte{block.mins[i]};
    }
  }
  if (dtype == DType::q6_k) {
    for (int i = 0; i < 16; i++) scales[32 + 16 * i + lane] = std::byte{block.scales[i]};
  }
}

void pack_float_row(DType dtype, int k, int lane, const std::byte* row, std::byte* panel) {
  size_t width = info(dtype).bytes;
  for (int i = 0; i < k; i++) {
    std::memcpy(panel + (static_cast<size_t>(i) * kPanelRows + static_cast<size_t>(lane)) * width,
                row + static_cast<size_t>(i) * width, width);
  }
}

// Rows beyond `rows` stay zero: their scales are zero.
void pack_quant_panel(DType dtype, int rows, int k, const std::byte* file, size_t row_bytes,
                      std::byte* panel) {
  const PackedLayout layout = packed_layout(dtype);
  const int block_k = static_cast<int>(info(dtype).block);
  std::byte* quants = panel;
  std::byte* scales = panel + panel_quant_bytes(dtype, k);
  QuantBlock blocks[kPanelRows] = {};
  TileCodes codes;
  for (int b = 0; b < k / block_k; b++, scales += layout.scale_bytes) {
    for (int lane = 0; lane < rows; lane++) {
      read_quant_block(
          dtype, file + row_bytes * static_cast<size_t>(lane) + static_cast<size_t>(b) * info(dtype).bytes,
          blocks[lane]);
      put_scales(dtype, blocks[lane], lane, scales);
    }
    for (int at = 0; at < block_k; at += kTileK, quants += layout.quant_bytes) {
      for (int lane = 0; lane < kPanelRows; lane++)
        std::memcpy(codes.word[lane], blocks[lane].codes + at, kTileK);
      write_tile(dtype, codes, quants);
    }
  }
}

// w = scale * (code - offset) + minimum, with each format's own bracketing (as ggml dequantises).
float dequantize(DType dtype, uint8_t code, const std::byte* scales, int lane, int tile, int kk) {
  float d = f16_to_f32(get_u16(scales + 2 * lane));
  switch (dtype) {
    case DType::q4_0:
      return d * static_cast<float>(code - 8);
    case DType::q4_1:
      return d * static_cast<float>(code) + f16_to_f32(get_u16(scales + 32 + 2 * lane));
    case DType::q5_0:
      return d * static_cast<float>(code - 16);
    case DType::q8_0:
      return d * static_cast<float>(static_cast<int8_t>(code));
    case DType::q4_k: {
      float scale = d * static_cast<float>(std::to_integer<int>(scales[64 + 16 * tile + lane]));
      float dmin = f16_to_f32(get_u16(scales + 32 + 2 * lane));
      return scale * static_cast<float>(code) -
             dmin * static_cast<float>(std::to_integer<int>(scales[192 + 16 * tile + lane]));
    }
    default: {  // q6_k
      auto sub = static_cast<int8_t>(std::to_integer<uint8_t>(scales[32 + 16 * (2 * tile + kk / 16) + lane]));
      return d * static_cast<float>(sub) * static_cast<float>(code - 32);
    }
  }
}

bool is_float(DType dtype) { return info(dtype).block == 1; }

}  // namespace

PackedMatrix PackedMatrix::pack(DType dtype, int rows, int k, std::span<const std::byte> file,
                                ThreadPool& pool, std::shared_ptr<Arena> memory) {
  CHECK(k % kTileK == 0 && k % static_cast<int>(info(dtype).block) == 0 && rows > 0);
  size_t row_bytes = static_cast<size_t>(k) / info(dtype).block * info(dtype).bytes;
  CHECK(file.size() == row_bytes * static_cast<size_t>(rows));
  PackedMatrix packed;
  packed.dtype_ = dtype;
  packed.rows_ = rows;
  packed.k_ = k;
  packed.data_ = memory->allocate<std::byte>(packed.bytes());
  packed.memory_ = std::move(memory);
  pool.run(packed.panels(), [&](int p) {
    std::byte* panel = packed.data_ + static_cast<size_t>(p) * panel_bytes(dtype, k);
    const int first = p * kPanelRows, lanes = std::min(kPanelRows, rows - first);
    const std::byte* from = file.data() + row_bytes * static_cast<size_t>(first);
    if (!is_float(dtype)) return pack_quant_panel(dtype, lanes, k, from, row_bytes, panel);
    for (int lane = 0; lane < lanes; lane++)
      pack_float_row(dtype, k, lane, from + row_bytes * static_cast<size_t>(lane), panel);
  });
  return packed;
}

void PackedMatrix::unpack_row(int row, float* out) const {
  const std::byte* base = panel(row / kPanelRows);
  int lane = row % kPanelRows;
  if (is_float(dtype_)) {
    for (int i = 0; i < k_; i++) {
      const std::byte* at = base + static_cast<size_t>(i * kPanelRows + lane) * info(dtype_).bytes;
      if (dtype_ == DType::f32) {
        std::memcpy(out + i, at, 4);
      } else {
        out[i] = dtype_ == DType::f16 ? f16_to_f32(get_u16(at)) : bf16_to_f32(get_u16(at));
      }
    }
    return;
  }
  PackedLayout layout = packed_layout(dtype_);
  const std::byte* scales = base + panel_quant_bytes(dtype_, k_);
  for (int i = 0; i < k_; i++) {
    int tile = i / kTileK;
    const std::byte* quants = base + static_cast<size_t>(tile) * static_cast<size_t>(layout.quant_bytes);
    const std::byte* block =
        scales + static_cast<size_t>(tile / layout.scale_tiles) * static_cast<size_t>(layout.scale_bytes);
    out[i] = dequantize(dtype_, read_code(dtype_, quants, lane, i % kTileK), block, lane,
                        tile % layout.scale_tiles, i % kTileK);
  }
}

}  // namespace understudy
