#include "app/serve_policies.h"

#include <fmt/format.h>

#include "app/loop_models.h"

namespace understudy {

ServedPolicies::ServedPolicies(int threads) : models(models_of_user(threads)) {}

Result<std::unique_ptr<ServedPolicies>> open_policies(const std::string& home, int threads) {
  auto served = std::make_unique<ServedPolicies>(threads);
  ASSIGN_OR_RETURN(served->policies, LivePolicies::open(home, served->models));
  for (const std::string& problem : served->policies->problems())
    fmt::print(stderr, "a policy answers nothing: {}\n", problem);
  if (served->policies->size() > 0)
    fmt::print(stderr, "{} promoted specialist{} may answer\n", served->policies->size(),
               served->policies->size() == 1 ? "" : "s");
  served->decider = std::make_unique<PolicyDecider>(*served->policies);
  return served;
}

}  // namespace understudy
