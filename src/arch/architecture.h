// The list of model families. A family is one file in this folder: it maps config keys and tensor names to a
// list of blocks, does no arithmetic, and registers itself under the name that files carry
// (general.architecture).
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "arch/encoder.h"
#include "arch/loader.h"

namespace understudy {

using BuildDecoder = DecoderParts (*)(Loader&);  // generates text
using BuildEncoder = EncoderParts (*)(Loader&);  // turns texts into vectors

// Registers at start-up; use as a namespace-scope constant in the family's file.
class RegisterArchitecture {
 public:
  RegisterArchitecture(std::string_view name, std::variant<BuildDecoder, BuildEncoder> build);
};

// Sorted by name.
std::vector<std::string_view> architecture_names();
bool is_encoder(std::string_view architecture);

// Builds the network of `file`, its matrices from `weights` (nullptr: all are packed). Errors: unsupported (unknown architecture, listing the known ones; one of the
// other kind; an option that the family does not have here), corrupt (missing or wrong keys and tensors,
// naming expected and found).
Result<std::unique_ptr<const Network>> build_network(const ModelFile& file, const KernelTable& kernels,
                                                     ThreadPool& pool, KvType kv = KvType::f16,
                                                     PackedWeights* weights = nullptr);
Result<std::unique_ptr<const Encoder>> build_encoder(const ModelFile& file, const KernelTable& kernels,
                                                     ThreadPool& pool, PackedWeights* weights = nullptr);

}  // namespace understudy
