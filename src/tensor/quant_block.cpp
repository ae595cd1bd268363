#include "tensor/quant_block.h"

#include <cstring>

#include "base/check.h"

namespace understudy {

namespace {

uint16_t u16(const uint8_t* p) { return static_cast<uint16_t>(p[0] | p[1] << 8); }

// 16 bytes hold codes 0..15 in the low and 16..31 in the high nibbles.
void read_nibbles(const uint8_t* packed, uint8_t* codes) {
  for (int i = 0; i < 16; i++) {
    codes[i] = packed[i] & 15;
    codes[16 + i] = packed[i] >> 4;
  }
}

void read_q5_0(const uint8_t* p, QuantBlock& out) {
  out.d = u16(p);
  uint32_t high;
  std::memcpy(&high, p + 2, 4);
  read_nibbles(p + 6, out.codes);
  for (int i = 0; i < 32; i++) out.codes[i] = static_cast<uint8_t>(out.codes[i] | ((high >> i) & 1) << 4);
}

// d, dmin, 12 bytes of 6-bit scales and mins, then 4 x 32 bytes: low nibbles are 32 values, high nibbles the
// next 32.
void read_q4_k(const uint8_t* p, QuantBlock& out) {
  out.d = u16(p);
  out.m = u16(p + 2);
  const uint8_t* s = p + 4;
  for (int i = 0; i < 4; i++) {
    out.scales[i] = s[i] & 63;
    out.mins[i] = s[i + 4] & 63;
    out.scales[i + 4] = static_cast<uint8_t>((s[i + 8] & 15) | (s[i] >> 6) << 4);
    out.mins[i + 4] = static_cast<uint8_t>((s[i + 8] >> 4) | (s[i + 4] >> 6) << 4);
  }
  const uint8_t* q = p + 16;
  for (int pair = 0; pair < 4; pair++) {
    for (int i = 0; i < 32; i++) {
      out.codes[64 * pair + i] = q[32 * pair + i] & 15;
      out.codes[64 * pair + 32 + i] = q[32 * pair + i] >> 4;
    }
  }
}

// 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 signed scales, d. Each half of 128 values uses 64
// low bytes and 32 high bytes: values i, i + 32, i + 64, i + 96 share high byte i.
void read_q6_k(const uint8_t* p, QuantBlock& out) {
  std::memcpy(out.scales, p + 192, 16);
  out.d = u16(p + 208);
  for (int half = 0; half < 2; half++) {
    const uint8_t* low = p + 64 * half;
    const uint8_t* high = p + 128 + 32 * half;
    uint8_t* codes = out.codes + 128 * half;
    for (int i = 0; i < 32; i++) {
      codes[i] = static_cast<uint8_t>((low[i] & 15) | (high[i] & 3) << 4);
      codes[i + 32] = static_cast<uint8_t>((low[i + 32] & 15) | ((high[i] >> 2) & 3) << 4);
      codes[i + 64] = static_cast<uint8_t>((low[i] >> 4) | ((high[i] >> 4) & 3) << 4);
      codes[i + 96] = static_cast<uint8_t>((low[i + 32] >> 4) | (high[i] >> 6) << 4);
    }
  }
}

}  // namespace

void read_quant_block(DType dtype, const std::byte* block, QuantBlock& out) {
  const auto* p = reinterpret_cast<const uint8_t*>(block);
  switch (dtype) {
    case DType::q4_0:
      out.d = u16(p);
      return read_nibbles(p + 2, out.codes);
    case DType::q4_1:
      out.d = u16(p);
      out.m = u16(p + 2);
      return read_nibbles(p + 4, out.codes);
    case DType::q5_0:
      return read_q5_0(p, out);
    case DType::q8_0:
      out.d = u16(p);
      std::memcpy(out.codes, p + 2, 32);
      return;
    case DType::q4_k:
      return read_q4_k(p, out);
    case DType::q6_k:
      return read_q6_k(p, out);
    case DType::f32:
    case DType::f16:
    case DType::bf16:
      break;
  }
  CHECK(false);
}

}  // namespace understudy
