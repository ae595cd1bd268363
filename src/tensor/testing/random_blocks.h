// Weights as a file stores them, for tests: any bytes are a valid block, but scales must be finite and small.
#pragma once

#include <cstring>
#include <random>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/half.h"

namespace understudy {

// Gives every block of `bytes` small random scales.
inline void set_scales(DType dtype, std::vector<std::byte>& bytes, std::mt19937& random) {
  std::uniform_real_distribution<float> scale(-0.02f, 0.02f);
  const DTypeInfo& type = info(dtype);
  // Where the f16 scales of a block lie.
  const size_t d = dtype == DType::q2_k ? 80 : dtype == DType::q3_k ? 108 : dtype == DType::q6_k ? 208 : 0;
  for (size_t at = 0; at < bytes.size(); at += type.bytes) {
    if (dtype == DType::f32) {
      const float value = scale(random);
      std::memcpy(&bytes[at], &value, 4);
      continue;
    }
    uint16_t half = dtype == DType::bf16 ? f32_to_bf16(scale(random)) : f32_to_f16(scale(random));
    std::memcpy(&bytes[at + d], &half, 2);
    half = f32_to_f16(scale(random));
    if (type.codes.minimum) std::memcpy(&bytes[at + d + 2], &half, 2);
  }
}

// `count` values, a multiple of the type's block.
inline std::vector<std::byte> random_blocks(DType dtype, size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(count / info(dtype).block * info(dtype).bytes);
  for (auto& b : bytes) b = static_cast<std::byte>(random());
  set_scales(dtype, bytes, random);
  return bytes;
}

// The same of codes whose values are the largest that a kernel multiplies with.
inline std::vector<std::byte> largest_blocks(DType dtype, size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  const Codes codes = info(dtype).codes;
  const int fill = codes.codebook ? 0 : codes.bits == 8 ? 0x80 : 0xff;
  std::vector<std::byte> bytes(count / info(dtype).block * info(dtype).bytes, static_cast<std::byte>(fill));
  set_scales(dtype, bytes, random);
  return bytes;
}

// The same of codes as far below the type's offset as they can be; for types that have one.
inline std::vector<std::byte> lowest_blocks(DType dtype, size_t count, uint32_t seed) {
  std::vector<std::byte> bytes = largest_blocks(dtype, count, seed);
  const DTypeInfo& type = info(dtype);
  // Where the codes of a block lie.
  const size_t begin = type.codes.sub_scales > 0 ? 0 : 2;
  const size_t end = dtype == DType::q3_k ? 96 : dtype == DType::q6_k ? 192 : type.bytes;
  for (size_t at = 0; at < bytes.size(); at += type.bytes) std::memset(&bytes[at + begin], 0, end - begin);
  return bytes;
}

}  // namespace understudy
