// LayerList: a Network that has layers for adapters and nothing else, for tests of what only asks for these.
#pragma once

#include <string>
#include <vector>

#include "arch/network.h"

namespace understudy {

class LayerList final : public Network {
 public:
  struct Layer {
    std::string name;
    int inputs, outputs;
  };
  explicit LayerList(const std::vector<Layer>& layers) {
    for (const Layer& layer : layers) {
      const int id = static_cast<int>(layers_.size());
      layers_.push_back({layer.name, id, layer.inputs, layer.outputs});
    }
  }

  int vocabulary() const override { return 1; }
  const std::vector<PageGroup>& page_groups() const override { return groups_; }
  size_t snapshot_bytes() const override { return 0; }
  std::string_view numerics() const override { return "none"; }
  std::span<const float> forward(const Batch&, Workspace&) const override { return {}; }
  std::span<const AdaptableLayer> adaptable_layers() const override { return layers_; }

 private:
  std::vector<AdaptableLayer> layers_;
  std::vector<PageGroup> groups_;
};

}  // namespace understudy
