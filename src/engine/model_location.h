// Where a model's parts lie.
#pragma once

#include <string>
#include <utility>

namespace understudy {

struct ModelLocation {
  // NOLINTNEXTLINE: implicit; a model without a packed copy
  ModelLocation(std::string file) : path(std::move(file)) {}

  // A GGUF file, or a folder in Hugging Face's layout.
  std::string path;
  // Where the copy of its packed weights (tensor/packed_weights.h) lies or is to be; "": nowhere.
  std::string packed;
  // Tells the bytes at `path` from others (SHA-256 of the pulled model); part of the copy.
  std::string source;
};

}  // namespace understudy
