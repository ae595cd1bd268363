// The policies of a home folder as they were at one moment, with their specialists: what live_policies.h swaps.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flywheel/contract.h"
#include "flywheel/models.h"
#include "flywheel/promote.h"
#include "flywheel/specialist.h"

namespace understudy {

// A policy that can answer. Counters go on when the folder is read again.
struct LoadedPolicy {
  Policy policy;
  std::shared_ptr<Specialist> specialist;
  std::string file, signature;  // where it is stored, and what the file was when it was read
};

// Tells whether a file was replaced: inode, size and time of the last change; "" if there is none.
std::string file_signature(const std::string& path);
// Of all policies of the folder.
std::string folder_signature(const std::string& home);

// Immutable.
class PolicySet {
 public:
  // Takes specialists that have not changed over from `before`, which may be nullptr.
  static std::shared_ptr<const PolicySet> read(const std::string& home, Models& models,
                                               const PolicySet* before);

  struct Found {
    const LoadedPolicy* policy = nullptr;
    ContractMatch match;
  };
  // The policy that the request matches.
  std::optional<Found> find(std::string_view project, const RequestShape& request) const;
  // Why none does: "no_policy", or "contract:PART" of the policy that differs last.
  std::string reason(std::string_view project, const RequestShape& request) const;

  const std::string& signature() const { return signature_; }
  const std::vector<std::string>& problems() const { return problems_; }
  size_t size() const { return policies_.size(); }

 private:
  std::vector<LoadedPolicy> policies_;
  TaskIndex index_;
  std::vector<std::string> problems_;
  std::string signature_;
};

}  // namespace understudy
