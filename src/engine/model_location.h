// Where a model's parts lie.
#pragma once

#include <string>
#include <utility>

namespace understudy {

struct ModelLocation {
  ModelLocation(std::string file)
      : path(std::move(file)) {}  // NOLINT: implicit; a model without a packed copy

  std::string path;  // a GGUF file, or a folder in Hugging Face's layout
  std::string
      packed;  // where the copy of its packed weights (tensor/packed_weights.h) lies or is to be; "": nowhere
  std::string
      source;  // tells the bytes at `path` from others (SHA-256 of the pulled model); part of the copy
};

}  // namespace understudy
