#include "arch/architecture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <type_traits>

namespace understudy {

namespace {

using Build = std::variant<BuildDecoder, BuildEncoder>;

std::map<std::string_view, Build>& registry() {
  static std::map<std::string_view, Build> architectures;
  return architectures;
}

// The parts of `file` if its architecture is of the wanted kind.
template <class Parts>
Result<Parts> build_parts(const ModelFile& file, ThreadPool& pool, KvType kv, PackedWeights* weights,
                          std::string_view other_kind) {
  auto found = registry().find(file.architecture);
  if (found == registry().end()) {
    return Error{ErrorCode::unsupported, fmt::format("unknown architecture '{}'", file.architecture),
                 file.path, fmt::format("Supported: {}", fmt::join(architecture_names(), ", "))};
  }
  auto* build = std::get_if<Parts (*)(Loader&)>(&found->second);
  if (build == nullptr) {
    return Error{ErrorCode::unsupported, fmt::format("'{}' is {}", file.architecture, other_kind), file.path,
                 ""};
  }
  PackedWeights packed_here;
  Loader load(file, pool, weights != nullptr ? *weights : packed_here, kv);
  Parts parts = (*build)(load);
  RETURN_IF_ERROR(load.status());
  if constexpr (std::is_same_v<Parts, DecoderParts>) parts.adaptable_layers = load.adaptable_layers();
  return parts;
}

}  // namespace

RegisterArchitecture::RegisterArchitecture(std::string_view name, Build build) { registry()[name] = build; }

std::vector<std::string_view> architecture_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, build] : registry()) names.push_back(name);
  return names;
}

bool is_encoder(std::string_view architecture) {
  auto found = registry().find(architecture);
  return found != registry().end() && std::holds_alternative<BuildEncoder>(found->second);
}

Result<std::unique_ptr<const Network>> build_network(const ModelFile& file, const KernelTable& kernels,
                                                     ThreadPool& pool, KvType kv, PackedWeights* weights) {
  ASSIGN_OR_RETURN(DecoderParts parts, build_parts<DecoderParts>(file, pool, kv, weights,
                                                                 "an embedding model: it generates no text"));
  return std::unique_ptr<const Network>(std::make_unique<Decoder>(std::move(parts), kernels, kv));
}

Result<std::unique_ptr<const Encoder>> build_encoder(const ModelFile& file, const KernelTable& kernels,
                                                     ThreadPool& pool, PackedWeights* weights) {
  ASSIGN_OR_RETURN(EncoderParts parts,
                   build_parts<EncoderParts>(file, pool, KvType::f16, weights, "no embedding model"));
  return std::make_unique<const Encoder>(std::move(parts), kernels);
}

}  // namespace understudy
