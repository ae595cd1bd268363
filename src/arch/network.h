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

namespace understudy {

// Scratch memory and threads of one forward at a time. Grows to the largest step seen, then allocates
// nothing.
class Workspace;
struct WorkspaceDeleter {
  void operator()(Workspace*) const;
};
std::unique_ptr<Workspace, WorkspaceDeleter> make_workspace(ThreadPool& pool);

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

  // What each part holds and costs, in order: embedding, blocks, head (for the profiler and the limits of
  // bench).
  virtual std::vector<Cost> costs() const { return {}; }
};

}  // namespace understudy
