#include "arch/architecture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace understudy {

namespace {
std::map<std::string_view, Architecture>& registry() {
  static std::map<std::string_view, Architecture> architectures;
  return architectures;
}
}  // namespace

RegisterArchitecture::RegisterArchitecture(std::string_view name, DecoderParts (*build)(Loader&)) {
  registry()[name] = {name, build};
}

std::vector<std::string_view> architecture_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, architecture] : registry()) names.push_back(name);
  return names;
}

Result<std::unique_ptr<const Network>> build_network(const ModelFile& file, const KernelTable& kernels,
                                                     ThreadPool& pool) {
  auto found = registry().find(file.architecture);
  if (found == registry().end()) {
    return Error{ErrorCode::unsupported, fmt::format("unknown architecture '{}'", file.architecture),
                 file.path, fmt::format("Supported: {}", fmt::join(architecture_names(), ", "))};
  }
  Loader load(file, pool);
  DecoderParts parts = found->second.build(load);
  RETURN_IF_ERROR(load.status());
  return std::unique_ptr<const Network>(std::make_unique<Decoder>(std::move(parts), kernels));
}

}  // namespace understudy
