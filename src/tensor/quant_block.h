// Blocks as GGUF files store them: integer codes and scales of 32 or 256 values. Bits only, no arithmetic;
// used for packing and by tests. Source: the block structures of ggml-common.h (MIT), described in the GGUF
// specification.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace understudy {

struct QuantBlock {
  uint8_t codes[256] = {};  // unsigned codes, in order of K (Q8_0: the signed byte's bits)
  uint16_t d = 0;           // f16 bits
  uint16_t m = 0;           // f16 bits: Q4_1's m, Q4_K's dmin
  uint8_t scales[16] = {};  // sub-scales, the bits of signed bytes
  uint8_t mins[16] = {};    // sub-minimums
};

// Reads one block of a block format (not f32, f16, bf16); `block` holds info(dtype).bytes bytes.
void read_quant_block(DType dtype, const std::byte* block, QuantBlock& out);

}  // namespace understudy
