#include "arch/adapters.h"

#include <fmt/format.h>

#include <cmath>
#include <random>

namespace understudy {

namespace {

Error misfit(std::string what) {
  return {ErrorCode::invalid_argument, std::move(what), "adapter", "Use the model that it was made for"};
}

// Uniform in [-1, 1) on a grid of 2^-23; the standard fixes mt19937_64 but not its distributions.
float unit_value(std::mt19937_64& random) { return static_cast<float>(random() >> 40) * 0x1p-23f - 1.0f; }

}  // namespace

Result<Adapter> make_adapter(const Network& network, const AdapterOptions& options) {
  if (options.rank < 1 || options.rank > kMaxAdapterRank) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the rank is {}, expected 1 to {}", options.rank, kMaxAdapterRank), "rank", ""};
  }
  const float scale = options.alpha / static_cast<float>(options.rank);
  if (!(scale > 0 && scale <= kMaxAdapterScale)) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("alpha / rank is {}, expected more than 0, at most {}", scale, kMaxAdapterScale),
                 "alpha", ""};
  }
  Adapter adapter;
  std::mt19937_64 random(options.seed);
  for (const AdaptableLayer& layer : network.adaptable_layers()) {
    if (options.layers && !options.layers(layer.name)) continue;
    adapter.add_pair(layer.id, layer.inputs, layer.outputs, options.rank, scale);
    const AdapterPair& pair = adapter.pairs.back();
    const float bound = 1.0f / std::sqrt(static_cast<float>(layer.inputs));
    for (int k = 0; k < pair.inputs; k++) {
      float* row = &adapter.values[pair.a + static_cast<size_t>(k) * static_cast<size_t>(pair.padded_rank())];
      for (int r = 0; r < pair.rank; r++) row[r] = bound * unit_value(random);
    }
  }
  if (adapter.pairs.empty()) {
    return Error{ErrorCode::invalid_argument, "no layer of the model is chosen to have an adapter", "layers",
                 ""};
  }
  return adapter;
}

Status check_adapter(const Adapter& adapter, const Network& network) {
  const auto layers = network.adaptable_layers();
  size_t pairs = 0;
  for (size_t id = 0; id < adapter.pairs.size(); id++) {
    const AdapterPair& pair = adapter.pairs[id];
    if (pair.rank == 0) continue;
    pairs++;
    if (id >= layers.size()) {
      return misfit(fmt::format("the adapter has a pair for layer {}, the model has {} layers for adapters",
                                id, layers.size()));
    }
    const AdaptableLayer& layer = layers[id];
    if (pair.inputs != layer.inputs || pair.outputs != layer.outputs || pair.rank < 0 ||
        pair.rank > kMaxAdapterRank) {
      return misfit(fmt::format(
          "the adapter's pair for {} has {} inputs, rank {} and {} outputs, expected "
          "{}, 1 to {} and {}",
          layer.name, pair.inputs, pair.rank, pair.outputs, layer.inputs, kMaxAdapterRank, layer.outputs));
    }
    const size_t size = adapter.values.size();
    if (pair.a > size || size - pair.a < pair.a_size() || pair.b > size || size - pair.b < pair.b_size())
      return misfit(fmt::format("the adapter's values for {} are missing", layer.name));
  }
  if (pairs == 0) return misfit("the adapter has no pairs");
  return {};
}

}  // namespace understudy
