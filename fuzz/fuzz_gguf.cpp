// Any bytes give an error that says where, or a ModelFile that keeps its promises: every tensor byte can be
// read.
#include <numeric>

#include "formats/gguf.h"
#include "require.h"

using understudy::ModelFile, understudy::TensorView, understudy::require;

static void check(const ModelFile& model) {
  require(!model.architecture.empty() && model.metadata.has("general.architecture"));
  for (const TensorView& tensor : model.tensors) {
    require(model.tensor(tensor.name) == &tensor);
    const understudy::DTypeInfo& type = understudy::info(tensor.dtype);
    require(tensor.elements() > 0 && tensor.shape[0] % type.block == 0);
    require(tensor.bytes.size() == static_cast<uint64_t>(tensor.elements()) / type.block * type.bytes);
    // A sanitizer stops the fuzzer if one of them lies outside the input.
    volatile unsigned sum = std::accumulate(tensor.bytes.begin(), tensor.bytes.end(), 0u,
                                            [](unsigned total, std::byte b) { return total + unsigned(b); });
    static_cast<void>(sum);
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto model = understudy::read_gguf(std::as_bytes(std::span(data, size)), "fuzz");
  if (model.ok()) {
    check(*model);
  } else {
    require(model.error().where.starts_with("fuzz") && !model.error().what.empty());
  }
  return 0;
}
