#include "app/network_driver.h"

#include <algorithm>
#include <utility>

namespace understudy {
namespace {
constexpr int kPrefillChunk = 256;
}

NetworkDriver::NetworkDriver(const Network& network, int threads, int streams, int capacity)
    : network_(network), pool_(threads), workspace_(make_workspace(pool_)) {
  for (int i = 0; i < streams; i++) states_.emplace_back(network, capacity);
}

void NetworkDriver::prefill(int position, int tokens) {
  for (auto& state : states_) {
    for (int at = 0; at < tokens; at += kPrefillChunk) {
      const int rows = std::min(kPrefillChunk, tokens - at);
      Batch batch;
      batch.part_seconds = &part_seconds_;
      for (int i = 0; i < rows; i++) batch.tokens.push_back(next_token());
      batch.sequences.push_back(state.rows(0, rows, position + at, RowKind::prompt));
      if (at + rows == tokens) batch.outputs = {rows - 1};
      network_.forward(batch, *workspace_);
    }
  }
}

void NetworkDriver::decode(int position, int tokens) {
  for (int t = 0; t < tokens; t++) {
    Batch batch;
    batch.part_seconds = &part_seconds_;
    for (size_t s = 0; s < states_.size(); s++) {
      const int row = static_cast<int>(s);
      batch.tokens.push_back(next_token());
      batch.sequences.push_back(states_[s].rows(row, 1, position + t, RowKind::generated));
      batch.outputs.push_back(row);
    }
    network_.forward(batch, *workspace_);
  }
}

std::vector<double> NetworkDriver::take_part_seconds() { return std::exchange(part_seconds_, {}); }

int NetworkDriver::next_token() {
  seed_ = seed_ * 6364136223846793005u + 1442695040888963407u;
  return static_cast<int>((seed_ >> 33) % static_cast<uint64_t>(network_.vocabulary()));
}

}  // namespace understudy
