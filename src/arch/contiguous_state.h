// ContiguousState: the whole state of one sequence in one buffer, every page present from the start. For
// benchmarks, tools and tests that drive a Network directly; the engine shares and recycles pages instead
// (engine/state_cache.h).
#pragma once

#include <span>
#include <vector>

#include "arch/network.h"
#include "base/huge_buffer.h"

namespace understudy {

class ContiguousState {
 public:
  ContiguousState(const Network& network, int tokens) {
    const auto count = static_cast<size_t>((tokens + kPageTokens - 1) / kPageTokens);
    size_t bytes = network.snapshot_bytes() + 64;
    for (const PageGroup& group : network.page_groups()) bytes += count * group.page_bytes;
    buffer_ = HugeBuffer(bytes);
    std::byte* next = buffer_.data();
    for (const PageGroup& group : network.page_groups()) {
      auto& table = tables_.emplace_back();
      for (size_t p = 0; p < count; p++, next += group.page_bytes) table.push_back(next);
    }
    snapshot_ = next;
  }

  // This sequence's part of a batch.
  SequenceRows rows(int row, int count, int position, RowKind kind) const {
    SequenceRows rows{
        .row = row, .rows = count, .position = position, .kind = kind, .pages = {}, .snapshot = snapshot_};
    for (const auto& table : tables_) rows.pages.emplace_back(table);
    return rows;
  }

 private:
  HugeBuffer buffer_;
  std::vector<std::vector<std::byte*>> tables_;
  std::byte* snapshot_ = nullptr;
};

}  // namespace understudy
