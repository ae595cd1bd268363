#include "tensor/dtype.h"

#include <iterator>

namespace understudy {

static_assert(
    [] {
      for (size_t i = 0; i < std::size(kDTypes); i++) {
        if (kDTypes[i].dtype != static_cast<DType>(i)) return false;
      }
      return true;
    }(),
    "the rows of kDTypes follow the order of DType");

std::optional<DType> dtype_from_gguf(uint32_t gguf_id) {
  for (const auto& entry : kDTypes) {
    if (entry.gguf_id == gguf_id) return entry.dtype;
  }
  return std::nullopt;
}

std::string supported_dtypes() {
  std::string names;
  for (const auto& entry : kDTypes) {
    if (!names.empty()) names += ", ";
    names += entry.name;
  }
  return names;
}

}  // namespace understudy
