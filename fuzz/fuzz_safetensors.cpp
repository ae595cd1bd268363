// Any bytes give an error that says where, or tensors of which every byte can be read and belongs to one
// alone.
#include <numeric>

#include "formats/safetensors.h"
#include "require.h"

using understudy::TensorView, understudy::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto file = understudy::read_safetensors(std::as_bytes(std::span(data, size)), "fuzz");
  if (!file.ok()) {
    require(file.error().where.starts_with("fuzz") && !file.error().what.empty());
    return 0;
  }
  size_t total = 0;
  for (const TensorView& tensor : file->tensors) {
    require(!tensor.name.empty() && tensor.elements() > 0);
    require(tensor.bytes.size() ==
            static_cast<uint64_t>(tensor.elements()) * understudy::info(tensor.dtype).bytes);
    // A sanitizer stops the fuzzer if one of them lies outside the input.
    volatile unsigned sum = std::accumulate(tensor.bytes.begin(), tensor.bytes.end(), 0u,
                                            [](unsigned s, std::byte b) { return s + unsigned(b); });
    static_cast<void>(sum);
    total += tensor.bytes.size();
  }
  require(total <= size);
  return 0;
}
