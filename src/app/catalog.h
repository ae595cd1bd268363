// The models that `pull NAME` knows: catalog.toml in the project's root, embedded into the binary.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/model_store.h"
#include "base/result.h"

namespace understudy {

struct CatalogEntry {
  std::string name;
  std::string about;  // one line for humans
  std::string licence;
  std::string sha256;  // of the assembled file, or of the files (folder_sha256)
  uint64_t bytes = 0;
  std::vector<ModelPart> files;      // of a model that is a folder; empty for a single file
  std::vector<std::string> sources;  // tried in order
};

// Every entry has a valid name, digests and sizes, and at least one source; otherwise an Error names the
// entry.
Result<std::vector<CatalogEntry>> parse_catalog(std::string_view toml);

// The embedded catalog.
Result<std::vector<CatalogEntry>> catalog();

// catalog.toml's text (src/app/catalog_text.cpp.in, filled in by the build).
extern const std::string_view kCatalogText;

}  // namespace understudy
