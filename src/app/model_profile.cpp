#include "app/model_profile.h"

#include <algorithm>
#include <numeric>

namespace understudy {
namespace {

bool is_table(const Cost& cost) { return cost.kind == "embedding" || cost.kind == "head"; }

double share(const std::vector<double>& seconds, size_t i) {
  const double sum = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  return i < seconds.size() && sum > 0 ? seconds[i] / sum : 0;
}

void add(Cost& sum, const Cost& cost) {
  sum.parameters += cost.parameters;
  sum.weight_bytes += cost.weight_bytes;
  sum.multiply_adds += cost.multiply_adds;
  sum.key_multiply_adds += cost.key_multiply_adds;
  sum.paged_bytes_a_token += cost.paged_bytes_a_token;
  sum.snapshot_bytes += cost.snapshot_bytes;
}

}  // namespace

double ModelProfile::embedding_share() const {
  return parameters == 0 ? 0 : static_cast<double>(table_parameters) / static_cast<double>(parameters);
}

ModelProfile make_profile(std::string name, const std::vector<Cost>& costs,
                          const std::vector<double>& decode_seconds,
                          const std::vector<double>& prefill_seconds) {
  ModelProfile profile;
  profile.name = std::move(name);
  for (size_t i = 0; i < costs.size(); ++i) {
    const Cost& cost = costs[i];
    auto part = std::find_if(profile.parts.begin(), profile.parts.end(), [&](const ProfilePart& p) {
      return p.cost.kind == cost.kind && p.cost.window == cost.window;
    });
    if (part == profile.parts.end()) {
      part = profile.parts.insert(part, {Cost{.kind = cost.kind, .window = cost.window}});
    }
    add(part->cost, cost);
    part->blocks++;
    part->decode_share += share(decode_seconds, i);
    part->prefill_share += share(prefill_seconds, i);
    profile.parameters += cost.parameters;
    if (is_table(cost)) profile.table_parameters += cost.parameters;
    profile.multiply_adds += cost.multiply_adds;
    profile.state_bytes_a_token += cost.paged_bytes_a_token;
    profile.snapshot_bytes += cost.snapshot_bytes;
  }
  return profile;
}

BytesRead bytes_read(const ModelProfile& profile, int depth) {
  BytesRead bytes;
  for (const ProfilePart& part : profile.parts) {
    const Cost& cost = part.cost;
    const int keys = cost.window > 0 ? std::min(depth, cost.window) : depth;
    bytes.state +=
        static_cast<double>(cost.paged_bytes_a_token) * keys + static_cast<double>(cost.snapshot_bytes);
    if (cost.kind == "embedding") continue;  // a token reads one row of it
    double& weights = cost.kind == "head" ? bytes.head : cost.kind == "mlp" ? bytes.mlp : bytes.mixers;
    weights += static_cast<double>(cost.weight_bytes);
  }
  return bytes;
}

}  // namespace understudy
