// An adapter as bytes: a safetensors file with two tensors a layer, f32 and row-major with the true rank r,
// "<layer>.lora_a" (K, r) and "<layer>.lora_b" (r, N), and everything else as text in __metadata__. Layers
// have the names of AdaptableLayer. The adapter's digest is the SHA-256 of these bytes.
// Format: https://github.com/huggingface/safetensors/blob/main/README.md#format
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "arch/adapters.h"

namespace understudy {

inline constexpr size_t kMaxAdapterInfoBytes = 1 << 16;

struct AdapterFile {
  Adapter adapter;     // pairs in the order of their ids, as make_adapter() lays them out
  std::string info;    // free text of whoever wrote it
  std::string digest;  // 64 hex digits
};

// `base_digest` is that of the model (Model::digest()), `info` any UTF-8 text up to kMaxAdapterInfoBytes. The
// same arguments give the same bytes. Little-endian machines only, like every weight here. Errors:
// invalid_argument (an adapter that does not fit the network or whose pairs differ in rank or scale, info
// that is too long or no UTF-8).
Result<std::string> adapter_bytes(const Adapter& adapter, const Network& network,
                                  const std::string& base_digest, const std::string& info);

// `bytes` are hostile: sizes, offsets, text and values are checked, and nothing is allocated beyond the pairs
// of the network's own layers. Reading what adapter_bytes() wrote gives the same adapter, bit for bit.
// Errors: corrupt or unsupported (`where` names `path`), invalid_argument (made for another model: both
// digests).
Result<AdapterFile> read_adapter(std::span<const std::byte> bytes, const std::string& path,
                                 const Network& network, const std::string& base_digest);

}  // namespace understudy
