// Pulling: sources are tried in order until one gives bytes with the right digests; they are verified before
// they are moved into the store.
#pragma once

#include <string>
#include <vector>

#include "app/model_store.h"
#include "base/result.h"

namespace understudy {

struct PullRequest {
  std::string name;     // in the store
  std::string sha256;   // "" if unknown: the model is then what the source says it is
  uint64_t bytes = 0;   // 0 if unknown
  std::string licence;  // "" if unknown
  std::vector<std::string> sources;
  std::vector<ModelPart> files = {};  // of a folder, if known: others of the source are left there
};

struct Pulled {
  Manifest manifest;
  bool verified = false;  // every file was compared with a digest
  bool was_there = false;
};

// What MODEL_OR_SOURCE on the command line asks for: a name of the catalog or a source. `name` and `sha256`
// may be empty; a given digest must be that of the catalog.
Result<PullRequest> pull_request(const std::string& model_or_source, const std::string& name,
                                 const std::string& sha256);

// Downloads, verifies (digests, sizes, readable GGUF header) and installs; progress goes to stderr. What is
// here already, with the right bytes, is only verified.
Result<Pulled> pull(const ModelStore& store, const PullRequest& request);

}  // namespace understudy
