// A linear head as bytes: a safetensors file with the tensors weight (classes, width), bias (classes) and neighbours (n,
// width), f32, and everything else as text in __metadata__. The specialist's hash is the SHA-256 of these bytes.
// Format: https://github.com/huggingface/safetensors/blob/main/README.md#format
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"
#include "train/heads/linear_head.h"

namespace understudy {

// The same head gives the same bytes. Little-endian machines only, like every weight here.
std::string linear_head_bytes(const LinearHead& head);

// `bytes` are hostile: sizes, offsets, text and values are checked, and nothing is allocated beyond what the file holds.
// Reading what linear_head_bytes wrote gives the same head, bit for bit. Errors: corrupt, `where` is `path`.
Result<LinearHead> read_linear_head(std::span<const std::byte> bytes, const std::string& path);

}  // namespace understudy
