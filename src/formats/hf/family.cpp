#include "formats/hf/family.h"

#include <map>

namespace understudy {

namespace {
std::map<std::string_view, HfFamily>& registry() {
  static std::map<std::string_view, HfFamily> families;
  return families;
}
}  // namespace

HfKeys::HfKeys(std::string_view architecture) : prefix_(std::string(architecture) + ".") {
  metadata_.set("general.architecture", std::string(architecture));
}

void HfKeys::set(std::string_view key, MetaValue value) {
  metadata_.set(prefix_ + std::string(key), std::move(value));
}

void HfKeys::add_tensor(std::string name, std::vector<float> values) {
  tensors_.emplace_back(std::move(name), std::move(values));
}

RegisterHfFamily::RegisterHfFamily(HfFamily family) {
  const std::string_view model_type = family.model_type;
  registry()[model_type] = std::move(family);
}

const HfFamily* find_hf_family(std::string_view model_type) {
  const auto found = registry().find(model_type);
  return found == registry().end() ? nullptr : &found->second;
}

std::vector<std::string_view> hf_model_types() {
  std::vector<std::string_view> types;
  for (const auto& [type, family] : registry()) types.push_back(type);
  return types;
}

}  // namespace understudy
