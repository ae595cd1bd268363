// Adapters for a network: making a new one, and checking that one fits.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "arch/network.h"
#include "base/result.h"

namespace understudy {

inline constexpr int kMaxAdapterRank = 256;         // r; the gain of larger ones is in no published result
inline constexpr float kMaxAdapterScale = 1024.0f;  // alpha / r

struct AdapterOptions {
  int rank = 16;
  float alpha = 32;                                   // scale = alpha / rank
  std::function<bool(std::string_view)> layers = {};  // by AdaptableLayer::name; empty: all of them
  uint64_t seed = 0;
};

// A pair for each of the layers, in the order of their ids: A uniform in +-1 / sqrt(K), B zero, so that it
// changes nothing yet. The same options give the same values on every machine. Errors: invalid_argument (a
// rank or scale out of range, no layer left).
// Source: PEFT's LoraLayer.reset_lora_parameters, kaiming_uniform_ with a = sqrt(5):
// bound sqrt(6 / ((1 + a^2) K))
Result<Adapter> make_adapter(const Network& network, const AdapterOptions& options);

// Every pair belongs to a layer of the network, has its shape and lies inside the values. Costs no look at
// the values. Errors: invalid_argument, `where` is "adapter".
Status check_adapter(const Adapter& adapter, const Network& network);

}  // namespace understudy
