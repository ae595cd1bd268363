// Element types of tensors, as files store them, and what a kernel must know of each. One row of kDTypes and
// a case of read_quant_block (quant_block.cpp) are all that a block format is. Source: GGUF v3 specification
// (ggml type numbers).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace understudy {

enum class DType : uint8_t {
  f32,
  f16,
  bf16,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  iq4_nl,
  iq4_xs
};

// How a block's codes become values: w = scale * (code - offset) + minimum. The scale is the block's f16 d;
// with sub-scales, d times one of `sub_scales` signed bytes, each for its part of the block. The minimum is
// the block's f16 m; with sub-scales, -m times one of as many bytes.
struct Codes {
  int bits = 0;        // 2 to 6: unsigned; 8: signed; 0: the type is no block format
  int offset = 0;      // a power of two, or 0
  int sub_scales = 0;  // 0; or 8 or 16 in a block of 256
  bool minimum = false;
  bool codebook = false;     // a code of 4 bits stands for kCodebook[code]
  bool sub_nibbles = false;  // with a minimum: a byte holds a sub-scale and, in its high half, a sub-minimum
};

// The values of IQ4_NL and IQ4_XS: spaced for bell-shaped weights. Source: kvalues_iq4nl of ggml-common.h
// (MIT).
alignas(16) inline constexpr int8_t kCodebook[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                     1,    13,   25,  38,  53,  69,  89,  113};

struct DTypeInfo {
  DType dtype;
  std::string_view name;  // as users write it: "Q4_K"
  uint32_t gguf_id;
  uint32_t block;  // values a block
  uint32_t bytes;  // bytes a block
  Codes codes;
};

inline constexpr DTypeInfo kDTypes[] = {
    {DType::f32, "F32", 0, 1, 4, {}},
    {DType::f16, "F16", 1, 1, 2, {}},
    {DType::bf16, "BF16", 30, 1, 2, {}},
    {DType::q4_0, "Q4_0", 2, 32, 18, {.bits = 4, .offset = 8}},
    {DType::q4_1, "Q4_1", 3, 32, 20, {.bits = 4, .minimum = true}},
    {DType::q5_0, "Q5_0", 6, 32, 22, {.bits = 5, .offset = 16}},
    {DType::q5_1, "Q5_1", 7, 32, 24, {.bits = 5, .minimum = true}},
    {DType::q8_0, "Q8_0", 8, 32, 34, {.bits = 8}},
    {DType::q2_k, "Q2_K", 10, 256, 84, {.bits = 2, .sub_scales = 16, .minimum = true, .sub_nibbles = true}},
    {DType::q3_k, "Q3_K", 11, 256, 110, {.bits = 3, .offset = 4, .sub_scales = 16}},
    {DType::q4_k, "Q4_K", 12, 256, 144, {.bits = 4, .sub_scales = 8, .minimum = true}},
    {DType::q5_k, "Q5_K", 13, 256, 176, {.bits = 5, .sub_scales = 8, .minimum = true}},
    {DType::q6_k, "Q6_K", 14, 256, 210, {.bits = 6, .offset = 32, .sub_scales = 16}},
    {DType::iq4_nl, "IQ4_NL", 20, 32, 18, {.bits = 4, .codebook = true}},
    {DType::iq4_xs, "IQ4_XS", 23, 256, 136, {.bits = 4, .sub_scales = 8, .codebook = true}},
};

[[gnu::always_inline]] constexpr const DTypeInfo& info(DType dtype) {
  return kDTypes[static_cast<size_t>(dtype)];
}

std::optional<DType> dtype_from_gguf(uint32_t gguf_id);
// "F32, F16, …": for error messages.
std::string supported_dtypes();

}  // namespace understudy
