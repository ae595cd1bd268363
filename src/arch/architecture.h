// The list of model families. A family is one file in this folder: it maps config keys and tensor names to a
// list of blocks, does no arithmetic, and registers itself under the name that files carry
// (general.architecture).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arch/loader.h"

namespace understudy {

struct Architecture {
  std::string_view name;
  DecoderParts (*build)(Loader& load);
};

// Registers at start-up; use as a namespace-scope constant in the family's file.
class RegisterArchitecture {
 public:
  RegisterArchitecture(std::string_view name, DecoderParts (*build)(Loader&));
};

// Sorted by name.
std::vector<std::string_view> architecture_names();

// Builds the network of `file`. Errors: unsupported (unknown architecture, listing the known ones; an option
// that the family does not have here), corrupt (missing or wrong keys and tensors, naming expected and
// found).
Result<std::unique_ptr<const Network>> build_network(const ModelFile& file, const KernelTable& kernels,
                                                     ThreadPool& pool);

}  // namespace understudy
