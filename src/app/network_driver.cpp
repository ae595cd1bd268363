#include "app/network_driver.h"

#include <algorithm>
#include <utility>

#include "engine/sampler.h"

namespace understudy {
namespace {
constexpr int kPrefillChunk = 256;
}

NetworkDriver::NetworkDriver(const Network& network, int threads, int streams, int capacity,
                             std::vector<TokenId> text)
    : network_(network),
      pool_(threads),
      workspace_(make_workspace(pool_)),
      text_(std::move(text)),
      next_(static_cast<size_t>(streams)) {
  for (int i = 0; i < streams; i++) states_.emplace_back(network, capacity);
}

std::span<const float> NetworkDriver::forward(Batch& batch) {
  batch.part_seconds = &part_seconds_;
  batch.largest_only = !text_.empty();
  return network_.forward(batch, *workspace_);
}

void NetworkDriver::choose(std::span<const float> logits, size_t stream) {
  if (text_.empty()) return;
  SamplingParams greedy;
  greedy.temperature = 0;
  next_[stream] = Sampler(greedy, {}).sample(logits, 0).value_or(0);
}

void NetworkDriver::prefill(int position, int tokens) {
  for (size_t s = 0; s < states_.size(); s++) {
    for (int at = 0; at < tokens; at += kPrefillChunk) {
      const int rows = std::min(kPrefillChunk, tokens - at);
      Batch batch;
      for (int i = 0; i < rows; i++) {
        batch.tokens.push_back(text_.empty() ? random_token()
                                             : text_[static_cast<size_t>(position + at + i)]);
      }
      batch.sequences.push_back(states_[s].rows(0, rows, position + at, RowKind::prompt));
      if (at + rows == tokens) batch.outputs = {rows - 1};
      const std::span<const float> logits = forward(batch);
      if (!logits.empty()) choose(logits, s);
    }
  }
}

void NetworkDriver::decode(int position, int tokens) {
  const auto vocabulary = static_cast<size_t>(network_.vocabulary());
  for (int t = 0; t < tokens; t++) {
    Batch batch;
    for (size_t s = 0; s < states_.size(); s++) {
      const int row = static_cast<int>(s);
      batch.tokens.push_back(text_.empty() ? random_token() : next_[s]);
      batch.sequences.push_back(states_[s].rows(row, 1, position + t, RowKind::generated));
      batch.outputs.push_back(row);
    }
    const std::span<const float> logits = forward(batch);
    for (size_t s = 0; s < states_.size(); s++) choose(logits.subspan(s * vocabulary, vocabulary), s);
  }
}

std::vector<double> NetworkDriver::take_part_seconds() { return std::exchange(part_seconds_, {}); }

TokenId NetworkDriver::random_token() {
  seed_ = seed_ * 6364136223846793005u + 1442695040888963407u;
  return static_cast<TokenId>((seed_ >> 33) % static_cast<uint64_t>(network_.vocabulary()));
}

}  // namespace understudy
