// What a model would cost, from its published config.json alone: parameters and state exactly, bytes at an
// assumed width. Families: llama, qwen2, qwen3, qwen3_5, gemma3 and lfm2 (dense); shapes as in transformers'
// modeling files of these names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "blocks/block.h"

namespace understudy {

struct ConfigCosts {
  std::string model_type;
  std::vector<Cost> costs;  // as Network::costs() gives them
};

// `bits`: of a weight of the matrices; norms and taps count as f32, keys and values as f16. `where` names the
// file in errors: corrupt (missing or impossible keys), unsupported (other families, mixtures of experts).
Result<ConfigCosts> config_costs(std::string_view config_json, const std::string& where, double bits);

}  // namespace understudy
