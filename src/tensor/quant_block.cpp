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

// 4 bytes of fifth bits, then nibbles.
void read_five_bits(const uint8_t* p, uint8_t* codes) {
  uint32_t high;
  std::memcpy(&high, p, 4);
  read_nibbles(p + 4, codes);
  for (int i = 0; i < 32; i++) codes[i] = static_cast<uint8_t>(codes[i] | ((high >> i) & 1) << 4);
}

// Values i, i + 32, i + 64, i + 96 of 128 share byte i of 32.
void read_pairs(const uint8_t* packed, uint8_t* codes) {
  for (int i = 0; i < 32; i++) {
    for (int j = 0; j < 4; j++) codes[32 * j + i] = packed[i] >> 2 * j & 3;
  }
}

// 16 bytes of 4-bit scales (low) and minimums (high), 64 bytes of codes, d, dmin.
void read_q2_k(const uint8_t* p, QuantBlock& out) {
  for (int i = 0; i < 16; i++) {
    out.scales[i] = p[i] & 15;
    out.mins[i] = p[i] >> 4;
  }
  read_pairs(p + 16, out.codes);
  read_pairs(p + 48, out.codes + 128);
  out.d = u16(p + 80);
  out.m = u16(p + 82);
}

// 32 bytes of third bits (bit j of byte i: value 32j + i), 64 bytes of low bits, 16 six-bit scales less 32,
// d.
void read_q3_k(const uint8_t* p, QuantBlock& out) {
  read_pairs(p + 32, out.codes);
  read_pairs(p + 64, out.codes + 128);
  for (int i = 0; i < 256; i++)
    out.codes[i] = static_cast<uint8_t>(out.codes[i] | (p[i % 32] >> i / 32 & 1) << 2);
  const uint8_t* s = p + 96;  // low nibbles of scales 0..7 and 8..15, then their upper pairs
  for (int i = 0; i < 16; i++) {
    const int low = i < 8 ? s[i] & 15 : s[i - 8] >> 4, high = s[8 + i % 4] >> 2 * (i / 4) & 3;
    out.scales[i] = static_cast<uint8_t>((low | high << 4) - 32);
  }
  out.d = u16(p + 108);
}

// 12 bytes: 8 six-bit scales and 8 six-bit minimums.
void read_k_scales(const uint8_t* s, QuantBlock& out) {
  for (int i = 0; i < 4; i++) {
    out.scales[i] = s[i] & 63;
    out.mins[i] = s[i + 4] & 63;
    out.scales[i + 4] = static_cast<uint8_t>((s[i + 8] & 15) | (s[i] >> 6) << 4);
    out.mins[i + 4] = static_cast<uint8_t>((s[i + 8] >> 4) | (s[i + 4] >> 6) << 4);
  }
}

// 4 x 32 bytes: low nibbles are 32 values, high nibbles the next 32.
void read_k_nibbles(const uint8_t* q, uint8_t* codes) {
  for (int i = 0; i < 128; i++) {
    codes[64 * (i / 32) + i % 32] = q[i] & 15;
    codes[64 * (i / 32) + 32 + i % 32] = q[i] >> 4;
  }
}

// d, dmin, scales, nibbles.
void read_q4_k(const uint8_t* p, QuantBlock& out) {
  out.d = u16(p);
  out.m = u16(p + 2);
  read_k_scales(p + 4, out);
  read_k_nibbles(p + 16, out.codes);
}

// d, dmin, scales, 32 bytes of fifth bits (bit j of byte i: value 32j + i), nibbles.
void read_q5_k(const uint8_t* p, QuantBlock& out) {
  out.d = u16(p);
  out.m = u16(p + 2);
  read_k_scales(p + 4, out);
  read_k_nibbles(p + 48, out.codes);
  for (int i = 0; i < 256; i++)
    out.codes[i] = static_cast<uint8_t>(out.codes[i] | (p[16 + i % 32] >> i / 32 & 1) << 4);
}

// d, 8 six-bit scales less 32 (2 bytes of upper pairs, 4 of low nibbles), then 16 bytes of nibbles for each
// 32 values.
void read_iq4_xs(const uint8_t* p, QuantBlock& out) {
  out.d = u16(p);
  const int high = u16(p + 2);
  for (int i = 0; i < 8; i++) {
    const int low = p[4 + i / 2] >> 4 * (i % 2) & 15;
    out.scales[i] = static_cast<uint8_t>((low | (high >> 2 * i & 3) << 4) - 32);
    read_nibbles(p + 8 + 16 * i, out.codes + 32 * i);
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
    case DType::iq4_nl:
      out.d = u16(p);
      return read_nibbles(p + 2, out.codes);
    case DType::q4_1:
      out.d = u16(p);
      out.m = u16(p + 2);
      return read_nibbles(p + 4, out.codes);
    case DType::q5_0:
      out.d = u16(p);
      return read_five_bits(p + 2, out.codes);
    case DType::q5_1:
      out.d = u16(p);
      out.m = u16(p + 2);
      return read_five_bits(p + 4, out.codes);
    case DType::q8_0:
      out.d = u16(p);
      std::memcpy(out.codes, p + 2, 32);
      return;
    case DType::q2_k:
      return read_q2_k(p, out);
    case DType::q3_k:
      return read_q3_k(p, out);
    case DType::q4_k:
      return read_q4_k(p, out);
    case DType::q5_k:
      return read_q5_k(p, out);
    case DType::q6_k:
      return read_q6_k(p, out);
    case DType::iq4_xs:
      return read_iq4_xs(p, out);
    default:
      break;
  }
  CHECK(false);
}

}  // namespace understudy
