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
};

}  // namespace understudy
