// Runs steps of a network over sequences of a text, or of pseudo-random tokens: the work of `bench` and `profile`.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "arch/contiguous_state.h"
#include "arch/network.h"
#include "text/tokenizer.h"

namespace understudy {

class NetworkDriver {
 public:
  // `streams` sequences of at most `capacity` tokens; threads 0: all that the process may use. Borrows the
  // network.
  NetworkDriver(const Network& network, int threads, int streams, int capacity,
                std::vector<TokenId> text = {});

  // `tokens` prompt tokens of every stream from `position`, in chunks as the engine would.
  void prefill(int position, int tokens);
  // One generated token of every stream a step, `tokens` times from `position`: after a prompt of a text the most likely ones
  // (as a request at temperature 0), else pseudo-random ones and all logits.
  void decode(int position, int tokens);

  ThreadPool& pool() { return pool_; }
  // What each part of Network::costs() took in the calls since the last take, in seconds.
  std::vector<double> take_part_seconds();

 private:
  std::span<const float> forward(Batch& batch);
  TokenId random_token();
  void choose(std::span<const float> logits, size_t stream);

  const Network& network_;
  ThreadPool pool_;
  std::unique_ptr<Workspace, WorkspaceDeleter> workspace_;
  std::vector<ContiguousState> states_;
  const std::vector<TokenId> text_;
  std::vector<TokenId> next_;  // of each stream, with a text
  std::vector<double> part_seconds_;
  uint64_t seed_ = 1;
};

}  // namespace understudy
