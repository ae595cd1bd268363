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

// Bits `bit` to `bit` + 3 of every code.
void write_nibbles(const TileCodes& codes, int bit, std::byte* quants) {
  for (int j = 0; j < 4; j++) {
    for (int lane = 0; lane < kPanelRows; lane++) {
      uint32_t both =
          (codes.word[lane][j] >> bit & 0x0f0f0f0fu) | (codes.word[lane][j + 4] >> bit & 0x0f0f0f0fu) << 4;
      std::memcpy(quants + 64 * j + 4 * lane, &both, 4);
    }
  }
}

// Bit `bit` of every code.
void write_bits(const TileCodes& codes, int bit, std::byte* masks) {
  for (int g = 0; g < 8; g++) {
    uint64_t mask = 0;
    for (int lane = 0; lane < kPanelRows; lane++) {
      uint32_t bits =
          codes.word[lane][g] >> bit & 0x01010101u;  // one a byte; the product gathers them in its top byte
      mask |= static_cast<uint64_t>(bits * 0x01020408u >> 24 & 15) << 4 * lane;
    }
    std::memcpy(masks + 8 * g, &mask, 8);
  }
}

// Bits `bit` and `bit` + 1 of every code.
void write_pairs(const TileCodes& codes, int bit, std::byte* vectors) {
  for (int half = 0; half < 2; half++) {
    for (int lane = 0; lane < kPanelRows; lane++) {
      uint32_t pairs = 0;
      for (int i = 0; i < 4; i++) pairs |= (codes.word[lane][4 * half + i] >> bit & 0x03030303u) << 2 * i;
      std::memcpy(vectors + 64 * half + 4 * lane, &pairs, 4);
    }
  }
}

void write_tile(int bits, const TileCodes& codes, std::byte* quants, std::byte* low) {
  if (bits < 4) {
    write_pairs(codes, 0, quants);
    if (bits == 3) write_bits(codes, 2, quants + 128);
    return;
  }
  write_nibbles(codes, bits > 5 ? bits - 4 : 0, quants);
  if (bits == 5) write_bits(codes, 4, quants + 256);
  if (bits == 6) write_pairs(codes, 0, low);
  if (bits == 8) write_nibbles(codes, 0, low);
}

uint8_t read_code(int bits, const std::byte* quants, const std::byte* low, int lane, int kk) {
  const auto byte = [&](const std::byte* vector) {
    return std::to_integer<int>(vector[4 * static_cast<size_t>(lane) + kk % 4]);
  };
  const auto pair = [&](const std::byte* vectors) {
    return byte(vectors + 64 * (kk / 16)) >> 2 * (kk / 4 % 4) & 3;
  };
  const auto nibble = [&](const std::byte* vectors) {
    return byte(vectors + 64 * (kk % 16 / 4)) >> (kk < 16 ? 0 : 4) & 15;
  };
  const auto bit = [&](const std::byte* masks) {
    const int at = 4 * lane + kk % 4;
    return std::to_integer<int>(masks[8 * (kk / 4) + at / 8]) >> at % 8 & 1;
  };
  if (bits < 4) return static_cast<uint8_t>(pair(quants) | (bits == 3 ? bit(quants + 128) << 2 : 0));
  int code = nibble(quants);
  if (bits == 5) code |= bit(quants + 256) << 4;
  if (bits == 6) code = code << 2 | pair(low);
  if (bits == 8) code = code << 4 | nibble(low);
  return static_cast<uint8_t>(code);
}

void put_scales(const Codes& format, const QuantBlock& block, int lane, std::byte* scales) {
  const auto put_half = [&](uint16_t half) {
    put_u16(scales + 2 * lane, half);
    scales += 2 * kPanelRows;
  };
  const auto put_bytes = [&](const uint8_t* bytes) {
    for (int i = 0; i < format.sub_scales; i++, scales += kPanelRows) scales[lane] = std::byte{bytes[i]};
  };
  put_half(block.d);
  if (format.minimum) put_half(block.m);
  if (format.sub_nibbles) {
    uint8_t both[16];
    for (int i = 0; i < 16; i++) both[i] = static_cast<uint8_t>(block.scales[i] | block.mins[i] << 4);
    return put_bytes(both);
  }
  put_bytes(block.scales);
  if (format.minimum) put_bytes(block.mins);
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
  std::byte* low = panel + panel_low_at(dtype, k);
  std::byte* scales = panel + panel_scales_at(dtype, k);
  QuantBlock blocks[kPanelRows] = {};
  TileCodes codes;
  for (int b = 0; b < k / block_k; b++, scales += layout.scale_bytes) {
    for (int lane = 0; lane < rows; lane++) {
      read_quant_block(
          dtype, file + row_bytes * static_cast<size_t>(lane) + static_cast<size_t>(b) * info(dtype).bytes,
          blocks[lane]);
      put_scales(info(dtype).codes, blocks[lane], lane, scales);
    }
    for (int at = 0; at < block_k; at += kTileK, quants += layout.quant_bytes, low += layout.low_bytes) {
      for (int lane = 0; lane < kPanelRows; lane++)
        std::memcpy(codes.word[lane], blocks[lane].codes + at, kTileK);
      write_tile(info(dtype).codes.bits, codes, quants, low);
    }
  }
}

// The bracketing is that of ggml's dequantisation. `part` counts the sub-scales of the block.
float dequantize(const Codes& format, uint8_t code, const std::byte* scales, int lane, int part) {
  const auto half = [&](int field) { return f16_to_f32(get_u16(scales + 2 * (field * kPanelRows + lane))); };
  const std::byte* bytes = scales + 2 * kPanelRows * (format.minimum ? 2 : 1);
  const auto byte = [&](int field) { return std::to_integer<int8_t>(bytes[field * kPanelRows + lane]); };
  int value = code - format.offset;
  if (format.bits == 8) value = static_cast<int8_t>(code);
  if (format.codebook) value = kCodebook[code];
  if (format.sub_scales == 0) {
    const float weight = half(0) * static_cast<float>(value);
    return format.minimum ? weight + half(1) : weight;
  }
  int sub_scale = byte(part), sub_minimum = 0;
  if (format.sub_nibbles) {
    sub_minimum = sub_scale >> 4 & 15;
    sub_scale &= 15;
  } else if (format.minimum) {
    sub_minimum = byte(format.sub_scales + part);
  }
  const float weight = half(0) * static_cast<float>(sub_scale) * static_cast<float>(value);
  return format.minimum ? weight - half(1) * static_cast<float>(sub_minimum) : weight;
}

bool is_float(DType dtype) { return info(dtype).codes.bits == 0; }

}  // namespace

PackedMatrix PackedMatrix::pack(DType dtype, int rows, int k, std::span<const std::byte> file,
                                ThreadPool& pool, std::shared_ptr<Arena> memory) {
  CHECK(k % kTileK == 0 && k % static_cast<int>(info(dtype).block) == 0 && rows > 0);
  size_t row_bytes = static_cast<size_t>(k) / info(dtype).block * info(dtype).bytes;
  CHECK(file.size() == row_bytes * static_cast<size_t>(rows));
  const int panels = (rows + kPanelRows - 1) / kPanelRows;
  auto* data = memory->allocate<std::byte>(static_cast<size_t>(panels) * panel_bytes(dtype, k));
  pool.run(panels, [&](int p) {
    std::byte* panel = data + static_cast<size_t>(p) * panel_bytes(dtype, k);
    const int first = p * kPanelRows, lanes = std::min(kPanelRows, rows - first);
    const std::byte* from = file.data() + row_bytes * static_cast<size_t>(first);
    if (!is_float(dtype)) return pack_quant_panel(dtype, lanes, k, from, row_bytes, panel);
    for (int lane = 0; lane < lanes; lane++)
      pack_float_row(dtype, k, lane, from + row_bytes * static_cast<size_t>(lane), panel);
  });
  return PackedMatrix(dtype, rows, k, data, std::move(memory));
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
  const PackedLayout layout = packed_layout(dtype_);
  const Codes& format = info(dtype_).codes;
  const std::byte* low = base + panel_low_at(dtype_, k_);
  const std::byte* scales = base + panel_scales_at(dtype_, k_);
  for (int i = 0; i < k_; i++) {
    const int tile = i / kTileK, block_k = layout.scale_tiles * kTileK;
    const std::byte* block =
        scales + static_cast<size_t>(i / block_k) * static_cast<size_t>(layout.scale_bytes);
    const uint8_t code = read_code(format.bits, base + tile * layout.quant_bytes,
                                   low + tile * layout.low_bytes, lane, i % kTileK);
    out[i] = dequantize(format, code, block, lane, i % block_k * format.sub_scales / block_k);
  }
}

}  // namespace understudy
