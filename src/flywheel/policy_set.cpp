#include "flywheel/policy_set.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "flywheel/specialist_files.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> policy_files(const std::string& home) {
  std::vector<std::string> paths;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(home + "/policies", failed)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The specialist that was promoted, unless the one on the disk is another.
Result<std::shared_ptr<Specialist>> load(const Policy& policy, const std::string& home, Models& models) {
  const std::string folder = home + '/' + policy.specialist_folder;
  ASSIGN_OR_RETURN(const SpecialistManifest manifest, read_manifest(folder));
  if (manifest.policy().hash != policy.policy_hash || manifest.hash() != policy.specialist_hash)
    return Error{ErrorCode::corrupt, "the specialist on the disk is not the one that was promoted", folder,
                 ""};
  ASSIGN_OR_RETURN(auto specialist, load_specialist(manifest, folder, models));
  return std::shared_ptr<Specialist>(std::move(specialist));
}

}  // namespace

std::string file_signature(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return "";
  return fmt::format("{}:{}:{}.{}", info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

std::string folder_signature(const std::string& home) {
  std::string signature;
  for (const std::string& path : policy_files(home)) signature += path + ' ' + file_signature(path) + '\n';
  return signature;
}

std::shared_ptr<const PolicySet> PolicySet::read(const std::string& home, Models& models,
                                                 const PolicySet* before) {
  auto set = std::make_shared<PolicySet>();
  set->signature_ = folder_signature(home);
  for (const std::string& path : policy_files(home)) {
    LoadedPolicy loaded;
    loaded.file = path;
    loaded.signature = file_signature(path);
    auto policy = read_policy(path);
    if (!policy.ok()) {
      set->problems_.push_back(policy.error().message());
      continue;
    }
    loaded.policy = std::move(*policy);
    for (size_t i = 0; before != nullptr && i < before->policies_.size(); ++i) {
      const LoadedPolicy& old = before->policies_[i];
      if (old.policy.policy_hash == loaded.policy.policy_hash) loaded.specialist = old.specialist;
    }
    if (!loaded.specialist && loaded.policy.state != PolicyState::rolled_back) {
      auto specialist = load(loaded.policy, home, models);
      if (!specialist.ok()) {
        set->problems_.push_back(specialist.error().message());
        continue;
      }
      loaded.specialist = std::move(*specialist);
    }
    set->index_.add(loaded.policy.contract.task);
    set->policies_.push_back(std::move(loaded));
  }
  return set;
}

std::optional<PolicySet::Found> PolicySet::find(std::string_view project, const RequestShape& request) const {
  auto found = index_.find(project, request);
  if (!found) return std::nullopt;
  return Found{&policies_[found->task], std::move(found->match)};
}

std::string PolicySet::reason(std::string_view project, const RequestShape& request) const {
  std::optional<ContractMatch> nearest;
  for (const LoadedPolicy& loaded : policies_) {
    ContractMatch differing = match(loaded.policy.contract, project, request);
    if (!differing.differs) continue;
    if (!nearest || *differing.differs > *nearest->differs) nearest = std::move(differing);
  }
  if (!nearest) return "no_policy";
  if (*nearest->differs == ContractPart::request) return "contract:" + nearest->detail;
  const bool is_far = *nearest->differs == ContractPart::project || *nearest->differs == ContractPart::model;
  return is_far ? "no_policy" : "contract:" + std::string(name_of(*nearest->differs));
}

}  // namespace understudy
