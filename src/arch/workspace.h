// Workspace: see network.h.
#pragma once

#include <algorithm>

#include "arch/network.h"
#include "base/arena.h"

namespace understudy {

// When a head's outputs are bounded (linear_largest): not while a text is so undecided that most of its panels are computed all
// the same.
class BoundPace {
 public:
  // Whether this step should; asked once a step.
  bool pay_now() {
    if (steps_left_ == 0) return true;
    steps_left_--;
    return false;
  }
  // It did, and this share of the panels was computed.
  void took(double share) {
    pause_ = share < kTooMany ? 0 : std::min(2 * pause_ + 1, 63);
    steps_left_ = pause_;
  }

 private:
  // Bounds read 53 % of 8 bits; what is then read in pieces takes up to twice its bytes.
  static constexpr double kTooMany = 0.4;
  int pause_ = 0, steps_left_ = 0;
};

class Workspace {
 public:
  explicit Workspace(ThreadPool& pool_) : pool(pool_) {}
  ThreadPool& pool;
  Arena arena;
  BoundPace bounds;

  // Of training steps. Blocks are large, since a step's rows are, and committed as they are touched.
  static constexpr size_t kTrainingBlock = size_t{256} << 20;
  Arena kept{kTrainingBlock};  // through a part of the step: inputs of blocks, gradients between them
  Arena tape{kTrainingBlock};
  Batch batch;                    // its vectors keep their memory
  size_t tape_bytes_a_token = 0;  // of all blocks, the most so far; 0: not known yet
};

}  // namespace understudy
