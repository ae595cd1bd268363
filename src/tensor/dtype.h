// Element types of tensors, as files store them. Block types hold `block` values in `bytes` bytes.
// Source: GGUF v3 specification (ggml type numbers).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace understudy {

enum class DType : uint8_t { f32, f16, bf16, q4_0, q4_1, q5_0, q8_0, q4_k, q6_k };

struct DTypeInfo {
  DType dtype;
  std::string_view name;  // as users write it: "Q4_K"
  uint32_t gguf_id;
  uint32_t block;  // values a block
  uint32_t bytes;  // bytes a block
};

const DTypeInfo& info(DType dtype);
std::optional<DType> dtype_from_gguf(uint32_t gguf_id);
// "F32, F16, …": for error messages.
std::string_view supported_dtypes();

}  // namespace understudy
