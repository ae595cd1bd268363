// HashNetwork: a Network for tests whose logits are a hash of the whole visible history, read back from the
// pages and the snapshot it was given. A wrong page table, a page shared or released too early, a stale
// snapshot or a row computed with the wrong kind or adapter changes every later token. logits_after() computes the same
// from the tokens alone.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/network.h"
#include "engine/request.h"
#include "text/tokenizer.h"

namespace understudy {

// What state a network has, for tests that run with several.
struct StateLayout {
  const char* name;
  std::vector<int> windows;
  bool snapshot;
};

class HashNetwork final : public Network {
 public:
  struct Row {
    TokenId token;
    RowKind kind;
    const Adapter* adapter = nullptr;
  };

  // windows: one page group each; 0: full.
  HashNetwork(int vocabulary, const std::vector<int>& windows, bool snapshot)
      : vocabulary_(vocabulary), snapshot_bytes_(snapshot ? sizeof(uint64_t) : 0) {
    for (int window : windows) groups_.push_back({window, kPageBytes});
  }

  static constexpr size_t kPageBytes = kPageTokens * sizeof(uint64_t);

  std::function<void()> before_forward;  // called on the engine's thread; set before the engine starts
  std::atomic<int> nan_from{
      std::numeric_limits<int>::max()};  // logits of rows at this position and later are NaN

  // Violations of the batch contract seen so far; empty when all is well.
  std::vector<std::string> violations() const {
    std::lock_guard lock(mutex_);
    return violations_;
  }

  int vocabulary() const override { return vocabulary_; }
  const std::vector<PageGroup>& page_groups() const override { return groups_; }
  size_t snapshot_bytes() const override { return snapshot_bytes_; }
  std::string_view numerics() const override { return "hash"; }
  std::span<const AdaptableLayer> adaptable_layers() const override { return layers_; }

  // An adapter that only its first value tells from others.
  static std::shared_ptr<const LoadedAdapter> adapter(float value) {
    LoadedAdapter loaded;
    loaded.adapter.add_pair(0, kWidth, kWidth, 1, 1);
    loaded.adapter.values[0] = value;
    loaded.digest = "adapter " + std::to_string(value);
    return std::make_shared<const LoadedAdapter>(std::move(loaded));
  }

  std::span<const float> forward(const Batch& batch, Workspace&) const override {
    if (before_forward) before_forward();
    check_shape(batch);
    logits_.assign(batch.outputs.size() * static_cast<size_t>(vocabulary_), 0);
    size_t output = 0;
    for (const SequenceRows& s : batch.sequences) {
      if (batch.abandoned != nullptr && *batch.abandoned) {
        scramble(batch);
        return {};
      }
      for (int i = 0; i < s.rows; i++) {
        Row row{batch.tokens[static_cast<size_t>(s.row + i)], s.kind, s.adapter};
        uint64_t state = advance(s, s.position + i, row);
        if (output < batch.outputs.size() && batch.outputs[output] == s.row + i) {
          write_logits(state, s.position + i, &logits_[output * static_cast<size_t>(vocabulary_)]);
          output++;
        }
      }
    }
    if (output != batch.outputs.size()) violation("outputs are not ascending rows");
    if (batch.wanted) forget_unwanted(*batch.wanted);
    if (batch.largest_only) forget_smaller();
    return logits_;
  }

  // The logits after the last of `rows`.
  std::vector<float> logits_after(std::span<const Row> rows) const {
    uint64_t state = 0, snapshot = 0;
    int last = static_cast<int>(rows.size()) - 1;
    for (size_t g = 0; g < groups_.size(); g++) {
      uint64_t hash = 0;
      for (int q = first_visible(groups_[g].window, last); q <= last; q++) {
        hash = mix(hash ^ record(g, q, rows[static_cast<size_t>(q)]));
      }
      state = mix(state ^ hash);
    }
    for (int q = 0; q <= last && snapshot_bytes_ > 0; q++) {
      snapshot = mix(snapshot ^ record(groups_.size(), q, rows[static_cast<size_t>(q)]));
    }
    std::vector<float> logits(static_cast<size_t>(vocabulary_));
    write_logits(state ^ snapshot, last, logits.data());
    return logits;
  }

 private:
  static uint64_t mix(uint64_t x) {
    x += 0x9E3779B97F4A7C15;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return x ^ (x >> 31);
  }
  static uint64_t record(size_t group, int position, Row row) {
    uint64_t kind = row.kind == RowKind::generated ? 1 : 0;
    if (row.adapter != nullptr) kind += mix(std::bit_cast<uint32_t>(row.adapter->values[0]));
    return mix(mix(static_cast<uint64_t>(row.token) << 32 | static_cast<uint64_t>(position)) + group * 2 +
               kind);
  }
  static int first_visible(int window, int position) {
    return window == 0 ? 0 : std::max(0, position - window + 1);
  }

  // What nobody wants must not be looked at: it would win.
  void forget_unwanted(std::span<const TokenRange> wanted) const {
    std::vector<bool> is_wanted(static_cast<size_t>(vocabulary_), false);
    for (const TokenRange& range : wanted) {
      std::fill(is_wanted.begin() + range.begin, is_wanted.begin() + range.end, true);
    }
    for (size_t i = 0; i < logits_.size(); i++) {
      if (!is_wanted[i % is_wanted.size()]) logits_[i] = std::numeric_limits<float>::infinity();
    }
  }

  void forget_smaller() const {
    for (auto row = logits_.begin(); row != logits_.end(); row += vocabulary_) {
      const float largest = *std::max_element(row, row + vocabulary_);
      std::replace_if(
          row, row + vocabulary_, [&](float logit) { return logit < largest; },
          -std::numeric_limits<float>::infinity());
    }
  }

  uint64_t advance(const SequenceRows& s, int position, Row row) const {
    uint64_t state = 0;
    for (size_t g = 0; g < groups_.size(); g++) {
      uint64_t own = record(g, position, row), hash = 0;
      std::memcpy(slot(s, g, position), &own, sizeof(own));
      for (int q = first_visible(groups_[g].window, position); q <= position; q++) {
        uint64_t value;
        std::memcpy(&value, slot(s, g, q), sizeof(value));
        hash = mix(hash ^ value);
      }
      state = mix(state ^ hash);
    }
    uint64_t snapshot = 0;
    if (snapshot_bytes_ > 0) {
      std::memcpy(&snapshot, s.snapshot, sizeof(snapshot));
      snapshot = mix(snapshot ^ record(groups_.size(), position, row));
      std::memcpy(s.snapshot, &snapshot, sizeof(snapshot));
    }
    return state ^ snapshot;
  }

  // What a step that was given up may leave behind.
  void scramble(const Batch& batch) const {
    for (const SequenceRows& s : batch.sequences) {
      if (s.snapshot != nullptr) std::memset(s.snapshot, 0xAB, snapshot_bytes_);
      for (size_t g = 0; g < groups_.size(); g++) {
        for (int i = 0; i < s.rows; i++) std::memset(slot(s, g, s.position + i), 0xAB, sizeof(uint64_t));
      }
    }
  }

  std::byte* slot(const SequenceRows& s, size_t group, int position) const {
    auto page = static_cast<size_t>(position / kPageTokens);
    if (page >= s.pages[group].size() || s.pages[group][page] == nullptr) {
      violation("a visible page is missing");
      return nowhere_;
    }
    return s.pages[group][page] + static_cast<size_t>(position % kPageTokens) * sizeof(uint64_t);
  }

  void write_logits(uint64_t state, int position, float* logits) const {
    for (int i = 0; i < vocabulary_; i++) {
      double unit = static_cast<double>(mix(state + static_cast<uint64_t>(i)) >> 11) * 0x1p-53;
      logits[i] = position >= nan_from ? NAN : static_cast<float>(12 * unit * unit - 4);
    }
  }

  void check_shape(const Batch& batch) const {
    int row = 0;
    bool generated = false;
    std::map<const std::byte*, int> users;
    for (const SequenceRows& s : batch.sequences) {
      if (s.row != row || s.rows < 1) violation("sequences do not cover the rows in order");
      row += s.rows;
      if (generated && s.kind == RowKind::prompt) violation("prompt rows after generated rows");
      generated |= s.kind == RowKind::generated;
      for (auto& table : s.pages) {
        for (const std::byte* page : table) users[page]++;
      }
    }
    if (row != static_cast<int>(batch.tokens.size())) violation("sequences do not cover all rows");
    for (const SequenceRows& s : batch.sequences) {
      for (auto& table : s.pages) {
        for (int p = s.position / kPageTokens; p <= (s.position + s.rows - 1) / kPageTokens; p++) {
          if (users[table[static_cast<size_t>(p)]] > 1) violation("a row writes to a shared page");
        }
      }
    }
  }

  void violation(const char* what) const {
    std::lock_guard lock(mutex_);
    if (violations_.size() < 10) violations_.emplace_back(what);
  }

  static constexpr int kWidth = 16;
  const std::vector<AdaptableLayer> layers_{{"blk.0.attn_q", 0, kWidth, kWidth}};
  int vocabulary_;
  size_t snapshot_bytes_;
  std::vector<PageGroup> groups_;
  mutable std::vector<float> logits_;
  mutable std::mutex mutex_;
  mutable std::vector<std::string> violations_;
  alignas(64) mutable std::byte nowhere_[sizeof(uint64_t)] = {};
};

}  // namespace understudy
