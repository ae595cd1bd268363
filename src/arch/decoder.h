// Decoder: the Network that every family so far is: embedding, a list of blocks, final norm, head.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arch/network.h"
#include "blocks/block.h"
#include "ops/attention.h"
#include "ops/linear.h"
#include "ops/rms_norm.h"

namespace understudy {

// What an architecture file fills in.
struct DecoderParts {
  std::shared_ptr<const Linear> embedding;  // (V, C)
  float embedding_scale = 1.0f;
  std::vector<std::unique_ptr<Block>> blocks;
  RmsNorm norm;                                  // (C)
  std::shared_ptr<const Linear> head;            // (V, C); the embedding itself when tied
  std::vector<AdaptableLayer> adaptable_layers;  // of the blocks, by id; build_network() fills them in
};

class Decoder final : public Network, public TrainableNetwork {
 public:
  Decoder(DecoderParts parts, const KernelTable& kernels, KvType kv);  // kv: that of its blocks

  int vocabulary() const override { return parts_.head->weight.rows(); }
  const std::vector<PageGroup>& page_groups() const override { return page_groups_; }
  size_t snapshot_bytes() const override { return snapshot_bytes_; }
  std::string_view numerics() const override { return numerics_; }
  std::span<const float> forward(const Batch& batch, Workspace& workspace) const override;
  std::span<const AdaptableLayer> adaptable_layers() const override { return parts_.adaptable_layers; }
  std::vector<Cost> costs() const override;

  const TrainableNetwork* trainable() const override;
  double train_step(std::span<const TrainingSequence> sequences, const Adapter& adapter, float scale,
                    std::span<float> gradient, Workspace& workspace) const override;

 private:
  void place_state();
  void place_ropes();
  std::span<const Rows> angles(const Context& context, std::span<const int> positions) const;
  void train_part(std::span<const TrainingSequence> sequences, const Adapter& adapter, float scale,
                  std::span<float> gradient, Workspace& workspace, double& loss) const;
  DecoderParts parts_;
  const KernelTable& kernels_;
  std::vector<PageGroup> page_groups_;
  std::vector<Rope> ropes_;  // that differ
  size_t snapshot_bytes_ = 0;
  size_t stateful_blocks_ = 0;  // up to the last block with state
  std::string numerics_;
};

}  // namespace understudy
