// Runs steps of a network over sequences of pseudo-random text: the work of `bench` and `profile`.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arch/contiguous_state.h"
#include "arch/network.h"

namespace understudy {

class NetworkDriver {
 public:
  // `streams` sequences of at most `capacity` tokens; threads 0: all that the process may use. Borrows the
  // network.
  NetworkDriver(const Network& network, int threads, int streams, int capacity);

  // `tokens` prompt tokens of every stream from `position`, in chunks as the engine would.
  void prefill(int position, int tokens);
  // One generated token of every stream a step, `tokens` times from `position`.
  void decode(int position, int tokens);

  ThreadPool& pool() { return pool_; }
  // What each part of Network::costs() took in the calls since the last take, in seconds.
  std::vector<double> take_part_seconds();

 private:
  int next_token();
  const Network& network_;
  ThreadPool pool_;
  std::unique_ptr<Workspace, WorkspaceDeleter> workspace_;
  std::vector<ContiguousState> states_;
  std::vector<double> part_seconds_;
  uint64_t seed_ = 1;
};

}  // namespace understudy
