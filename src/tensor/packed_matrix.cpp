#include "tensor/packed_matrix.h"

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

// Where the bits of code (lane, kk) of a tile live; used for writing (pack) and reading (unpack) alike.
struct TileBits {
  std::byte* quants;
  uint8_t& byte_at(int vector, int lane, int kk) const {
    return reinterpret_cast<uint8_t*>(quants)[64 * vector + 4 * lane + kk % 4];
  }
  uint8_t& nibble_byte(int lane, int kk) const { return byte_at(kk % 16 / 4, lane, kk); }
  uint8_t& bit5_byte(int lane, int kk) const {
    return reinterpret_cast<uint8_t*>(quants)[256 + 8 * (kk / 4) + (4 * lane + kk % 4) / 8];
  }
  uint8_t& pair_byte(int lane, int kk) const { return byte_at(4 + kk / 16, lane, kk); }

  void put(DType dtype, int lane, int kk, uint8_t code) const {
    if (dtype == DType::q8_0) {
      byte_at(kk / 4, lane, kk) = code;
      return;
    }
    nibble_byte(lane, kk) |= static_cast<uint8_t>((code & 15) << (kk < 16 ? 0 : 4));
    if (dtype == DType::q5_0) bit5_byte(lane, kk) |= static_cast<uint8_t>((code >> 4) << (4 * lane + kk % 4) % 8);
    if (dtype == DType::q6_k) pair_byte(lane, kk) |= static_cast<uint8_t>((code >> 4) << 2 * (kk / 4 % 4));
  }
  uint8_t get(DType dtype, int lane, int kk) const {
    if (dtype == DType::q8_0) return byte_at(kk / 4, lane, kk);
    int code = nibble_byte(lane, kk) >> (kk < 16 ? 0 : 4) & 15;
    if (dtype == DType::q5_0) code |= (bit5_byte(lane, kk) >> (4 * lane + kk % 4) % 8 & 1) << 4;
    if (dtype == DType::q6_k) code |= (pair_byte(lane, kk) >> 2 * (kk / 4 % 4) & 3) << 4;
    return static_cast<uint8_t>(code);
  }
};

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

void pack_quant_row(DType dtype, int k, int lane, const std::byte* row, std::byte* panel) {
  PackedLayout layout = packed_layout(dtype);
  int block_k = static_cast<int>(info(dtype).block);
  std::byte* scales = panel + panel_quant_bytes(dtype, k);
  QuantBlock block;
  for (int b = 0; b < k / block_k; b++) {
    read_quant_block(dtype, row + static_cast<size_t>(b) * info(dtype).bytes, block);
    put_scales(dtype, block, lane, scales + static_cast<size_t>(b) * static_cast<size_t>(layout.scale_bytes));
    for (int i = 0; i < block_k; i++) {
      size_t tile = static_cast<size_t>(b * block_k + i) / kTileK;
      TileBits{panel + tile * static_cast<size_t>(layout.quant_bytes)}.put(dtype, lane, i % kTileK, block.codes[i]);
    }
  }
}

// w = scale * (code - offset) + minimum, with each format's own bracketing (as ggml dequantises).
float dequantize(DType dtype, uint8_t code, const std::byte* scales, int lane, int tile, int kk) {
  float d = f16_to_f32(get_u16(scales + 2 * lane));
  switch (dtype) {
    case DType::q4_0: return d * static_cast<float>(code - 8);
    case DType::q4_1: return d * static_cast<float>(code) + f16_to_f32(get_u16(scales + 32 + 2 * lane));
    case DType::q5_0: return d * static_cast<float>(code - 16);
    case DType::q8_0: return d * static_cast<float>(static_cast<int8_t>(code));
    case DType::q4_k: {
      float scale = d * static_cast<float>(std::to_integer<int>(scales[64 + 16 * tile + lane]));
      float dmin = f16_to_f32(get_u16(scales + 32 + 2 * lane));
      return scale * static_cast<float>(code) - dmin * static_cast<float>(std::to_integer<int>(scales[192 + 16 * tile + lane]));
    }
    default: {  // q6_k
      auto sub = static_cast<int8_t>(std::to_integer<uint8_t>(scales[32 + 16 * (2 * tile + kk / 16) + lane]));
      return d * static_cast<float>(sub) * static_cast<float>(code - 32);
    }
  }
}

bool is_float(DType dtype) { return info(dtype).block == 1; }

}  // namespace

PackedMatrix PackedMatrix::pack(DType dtype, int rows, int k, std::span<const std::byte> file, ThreadPool& pool) {
  CHECK(k % kTileK == 0 && k % static_cast<int>(info(dtype).block) == 0 && rows > 0);
  size_t row_bytes = static_cast<size_t>(k) / info(dtype).block * info(dtype).bytes;
  CHECK(file.size() == row_bytes * static_cast<size_t>(rows));
  PackedMatrix packed;
  packed.dtype_ = dtype;
  packed.rows_ = rows;
  packed.k_ = k;
  packed.data_ = HugeBuffer(packed.bytes());
  CHECK(packed.data_.data() != nullptr);
  pool.run(packed.panels(), [&](int p) {
    std::byte* panel = packed.data_.data() + static_cast<size_t>(p) * panel_bytes(dtype, k);
    for (int lane = 0; lane < kPanelRows && p * kPanelRows + lane < rows; lane++) {
      const std::byte* row = file.data() + row_bytes * static_cast<size_t>(p * kPanelRows + lane);
      is_float(dtype) ? pack_float_row(dtype, k, lane, row, panel) : pack_quant_row(dtype, k, lane, row, panel);
    }
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
    TileBits bits{const_cast<std::byte*>(base) + static_cast<size_t>(tile) * static_cast<size_t>(layout.quant_bytes)};
    const std::byte* block = scales + static_cast<size_t>(tile / layout.scale_tiles) * static_cast<size_t>(layout.scale_bytes);
    out[i] = dequantize(dtype_, bits.get(dtype_, lane, i % kTileK), block, lane, tile % layout.scale_tiles, i % kTileK);
  }
}

}  // namespace understudy
