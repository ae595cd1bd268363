// safetensors -> tensors. A file is hostile input: the header's size, its JSON (depth, duplicate keys,
// types), names, shapes, types and offsets are validated, the tensors cover the data without gaps and
// overlaps, and nothing is allocated beyond what kMaxSafetensorsHeaderBytes (limits.h) of JSON can take.
// Source: https://github.com/huggingface/safetensors/blob/main/README.md#format
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "formats/model_file.h"

namespace understudy {

// A tensor of an element type that models here have no use for (masks, positions, FP8).
struct ForeignTensor {
  std::string name, type;
};

struct SafetensorsFile {
  std::vector<TensorView> tensors;  // in the order of their bytes; shape[0] is the contiguous axis
  std::vector<ForeignTensor> foreign;
  std::map<std::string, std::string, std::less<>> metadata;  // the texts of __metadata__
};

// The views point into `bytes`. Errors name `path` and the tensor: corrupt (the file breaks the format),
// unsupported (more axes or longer names than a TensorView may have, unknown element types).
Result<SafetensorsFile> read_safetensors(std::span<const std::byte> bytes, const std::string& path);

}  // namespace understudy
