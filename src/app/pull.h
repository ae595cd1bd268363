// Pulling: sources are tried in order until one gives bytes with the right digest; they are verified before
// they are moved into the store.
#pragma once

#include <string>
#include <vector>

#include "app/model_store.h"
#include "base/result.h"

namespace understudy {

struct PullRequest {
  std::string name;     // in the store
  std::string sha256;   // "" if unknown: the model is then whatever the source gives
  uint64_t bytes = 0;   // 0 if unknown
  std::string licence;  // "" if unknown
  std::vector<std::string> sources;
};

// What MODEL_OR_SOURCE on the command line asks for: a name of the catalog or a source. `name` and `sha256`
// may be empty; a given digest must be that of the catalog.
Result<PullRequest> pull_request(const std::string& model_or_source, const std::string& name,
                                 const std::string& sha256);

// True if the digest is known and the store's file of that name (still) has it.
bool is_present(const ModelStore& store, const PullRequest& request);

// Downloads, verifies (digest, size, readable GGUF header) and installs; progress goes to stderr.
Result<Manifest> pull(const ModelStore& store, const PullRequest& request);

}  // namespace understudy
