#include "tensor/dtype.h"

namespace understudy {

namespace {
constexpr DTypeInfo kInfos[] = {
    {DType::f32, "F32", 0, 1, 4},        {DType::f16, "F16", 1, 1, 2},
    {DType::bf16, "BF16", 30, 1, 2},     {DType::q4_0, "Q4_0", 2, 32, 18},
    {DType::q4_1, "Q4_1", 3, 32, 20},    {DType::q5_0, "Q5_0", 6, 32, 22},
    {DType::q8_0, "Q8_0", 8, 32, 34},    {DType::q4_k, "Q4_K", 12, 256, 144},
    {DType::q6_k, "Q6_K", 14, 256, 210},
};
}  // namespace

const DTypeInfo& info(DType dtype) { return kInfos[static_cast<size_t>(dtype)]; }

std::optional<DType> dtype_from_gguf(uint32_t gguf_id) {
  for (const auto& entry : kInfos) {
    if (entry.gguf_id == gguf_id) return entry.dtype;
  }
  return std::nullopt;
}

std::string_view supported_dtypes() { return "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q8_0, Q4_K, Q6_K"; }

}  // namespace understudy
