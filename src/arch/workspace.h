// Workspace: see network.h.
#pragma once

#include "arch/network.h"
#include "base/arena.h"

namespace understudy {

class Workspace {
 public:
  explicit Workspace(ThreadPool& pool_) : pool(pool_) {}
  ThreadPool& pool;
  Arena arena;

  // Of training steps. Blocks are large, since a step's rows are, and committed as they are touched.
  static constexpr size_t kTrainingBlock = size_t{256} << 20;
  Arena kept{kTrainingBlock};  // through a part of the step: inputs of blocks, gradients between them
  Arena tape{kTrainingBlock};
  Batch batch;                    // its vectors keep their memory
  size_t tape_bytes_a_token = 0;  // of all blocks, the most so far; 0: not known yet
};

}  // namespace understudy
