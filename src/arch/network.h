// Network: a model's blocks with their packed weights, ready to run. Immutable; shared between threads. Each
// caller of forward() brings its own Workspace.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "blocks/batch.h"
#include "blocks/block.h"
#include "ops/adapter.h"

namespace understudy {

// Scratch memory and threads of one forward at a time. Grows to the largest step seen, then allocates
// nothing.
class Workspace;
struct WorkspaceDeleter {
  void operator()(Workspace*) const;
};
std::unique_ptr<Workspace, WorkspaceDeleter> make_workspace(ThreadPool& pool);

// A linear layer that an adapter can have a pair for.
struct AdaptableLayer {
  std::string name;             // the weight's in GGUF, without ".weight": "blk.3.attn_q"
  int id = -1;                  // Linear::id
  int inputs = 0, outputs = 0;  // K, N
};

// One whole sequence of a training step: positions 0 to T - 1.
struct TrainingSequence {
  std::span<const int32_t> tokens;   // (T)
  std::span<const int32_t> targets;  // (T): the token to predict after each; -1: there is no loss here
};

class TrainableNetwork {
 public:
  virtual ~TrainableNetwork() = default;
  // The sum of -log p(target) over all targets, in nats, with `adapter` on every row, in the arithmetic of
  // prompt rows. Adds `scale` times its gradient to `gradient`, which is laid out as Adapter::values; empty:
  // the loss alone. The same sequences give the same bits whatever the number of threads.
  virtual double train_step(std::span<const TrainingSequence> sequences, const Adapter& adapter, float scale,
                            std::span<float> gradient, Workspace& workspace) const = 0;
};

class Network {
 public:
  virtual ~Network() = default;

  virtual int vocabulary() const = 0;                             // V
  virtual const std::vector<PageGroup>& page_groups() const = 0;  // paged state; may be empty
  virtual size_t snapshot_bytes() const = 0;                      // snapshot state a sequence; may be 0

  // Names the arithmetic: kernel table and KV dtype. State computed under one name is never reused under
  // another.
  virtual std::string_view numerics() const = 0;

  // Logits (batch.outputs.size(), V), f32, row-major; valid until the workspace is used again. Advances the
  // state of every sequence in the batch by its rows. Cannot fail: shapes were validated at load; but see
  // Batch::abandoned.
  virtual std::span<const float> forward(const Batch& batch, Workspace& workspace) const = 0;

  // Every linear layer inside a block, in order; empty if the network takes no adapters.
  virtual std::span<const AdaptableLayer> adaptable_layers() const { return {}; }

  // nullptr: one of its blocks has no backward.
  virtual const TrainableNetwork* trainable() const { return nullptr; }

  // What each part holds and costs, in order: embedding, blocks, head (for the profiler and the limits of
  // bench).
  virtual std::vector<Cost> costs() const { return {}; }
};

}  // namespace understudy
