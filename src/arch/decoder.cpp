#include "arch/decoder.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "arch/workspace.h"
#include "base/check.h"
#include "base/checked.h"
#include "ops/embed.h"

namespace understudy {
namespace {

// Adds the time between calls of next() to one part after the other; does nothing without `seconds`.
class PartClock {
 public:
  explicit PartClock(std::vector<double>* seconds) : seconds_(seconds) {
    if (seconds_ != nullptr) last_ = Clock::now();
  }
  void next() {
    if (seconds_ == nullptr) return;
    const auto now = Clock::now();
    if (part_ == seconds_->size()) seconds_->push_back(0);
    (*seconds_)[part_++] += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::vector<double>* seconds_;
  size_t part_ = 0;
  Clock::time_point last_;
};

// The rows of each adapter, neighbours of one adapter as one range.
std::span<const AdapterRows> adapter_rows(const Batch& batch, Arena& arena) {
  auto* ranges = arena.allocate<AdapterRows>(batch.sequences.size());
  size_t count = 0;
  for (const SequenceRows& s : batch.sequences) {
    if (s.adapter == nullptr) continue;
    if (count > 0 && ranges[count - 1].adapter == s.adapter && ranges[count - 1].end == s.row) {
      ranges[count - 1].end += s.rows;
    } else {
      ranges[count++] = {s.row, s.row + s.rows, s.adapter};
    }
  }
  return {ranges, count};
}

// Rows of x and what the context says of them.
struct PickedRows {
  Rows x;
  Context context;
};

PickedRows pick(const Context& context, Rows x, std::span<const int> rows) {
  PickedRows picked{context.rows(static_cast<int>(rows.size()), x.width), context};
  auto* adapters = context.arena.allocate<AdapterRows>(context.adapters.size());
  size_t count = 0, next = 0;  // next: of the adapters' ranges
  picked.context.prompt_rows = 0;
  for (int i = 0; i < picked.x.rows; i++) {
    const int row = rows[static_cast<size_t>(i)];
    std::memcpy(picked.x.row(i), x.row(row), static_cast<size_t>(x.width) * sizeof(float));
    if (row < context.prompt_rows) picked.context.prompt_rows = i + 1;
    while (next < context.adapters.size() && context.adapters[next].end <= row) next++;
    if (next == context.adapters.size() || context.adapters[next].begin > row) continue;
    const Adapter* adapter = context.adapters[next].adapter;
    if (count > 0 && adapters[count - 1].adapter == adapter && adapters[count - 1].end == i) {
      adapters[count - 1].end++;
    } else {
      adapters[count++] = {i, i + 1, adapter};
    }
  }
  picked.context.adapters = {adapters, count};
  return picked;
}

// The panels of the head that hold `tokens`.
std::span<const PanelRange> panels_of(std::span<const TokenRange> tokens, Arena& arena) {
  auto* ranges = arena.allocate<PanelRange>(tokens.size());
  size_t count = 0;
  for (const TokenRange& range : tokens) {
    const PanelRange panels{range.begin / kPanelRows, (range.end + kPanelRows - 1) / kPanelRows};
    if (count > 0 && ranges[count - 1].end >= panels.begin) {
      ranges[count - 1].end = panels.end;
    } else {
      ranges[count++] = panels;
    }
  }
  return {ranges, count};
}

}  // namespace

std::unique_ptr<Workspace, WorkspaceDeleter> make_workspace(ThreadPool& pool) {
  return std::unique_ptr<Workspace, WorkspaceDeleter>(new Workspace(pool));
}

void WorkspaceDeleter::operator()(Workspace* workspace) const { delete workspace; }

Decoder::Decoder(DecoderParts parts, const KernelTable& kernels, KvType kv)
    : parts_(std::move(parts)),
      kernels_(kernels),
      numerics_(std::string(kernels.name) + (kv == KvType::f16 ? "/f16" : "/int8")) {
  place_state();
  place_ropes();
}

// Blocks with the same window share a group of page tables; inside a page they lie one after the other.
void Decoder::place_state() {
  for (size_t i = 0; i < parts_.blocks.size(); i++) {
    Block* block = parts_.blocks[i].get();
    if (block->paged_state() || block->snapshot_bytes() > 0) stateful_blocks_ = i + 1;
    if (auto state = block->paged_state()) {
      size_t group = 0;
      while (group < page_groups_.size() && page_groups_[group].window != state->window) group++;
      if (group == page_groups_.size()) page_groups_.push_back({.window = state->window, .page_bytes = 0});
      block->place_pages(static_cast<int>(group), page_groups_[group].page_bytes);
      page_groups_[group].page_bytes += round_up(state->page_bytes, size_t{64});
    }
    block->place_snapshot(snapshot_bytes_);
    snapshot_bytes_ += round_up(block->snapshot_bytes(), size_t{64});
  }
}

void Decoder::place_ropes() {
  for (const auto& block : parts_.blocks) {
    const Rope* rope = block->rope_used();
    if (rope == nullptr) continue;
    const auto known = std::find(ropes_.begin(), ropes_.end(), *rope);
    block->place_rope(static_cast<int>(known - ropes_.begin()));
    if (known == ropes_.end()) ropes_.push_back(*rope);
  }
}

std::span<const Rows> Decoder::angles(const Context& context, std::span<const int> positions) const {
  auto* angles = context.arena.allocate<Rows>(ropes_.size());
  for (size_t i = 0; i < ropes_.size(); i++) angles[i] = rope_angles(context, positions, ropes_[i]);
  return {angles, ropes_.size()};
}

std::span<const float> Decoder::forward(const Batch& batch, Workspace& workspace) const {
  Arena& arena = workspace.arena;
  arena.release({});
  const int m = static_cast<int>(batch.tokens.size());
  auto* positions = arena.allocate<int>(batch.tokens.size());
  int prompt_rows = 0;
  for (const SequenceRows& s : batch.sequences) {
    for (int i = 0; i < s.rows; i++) positions[s.row + i] = s.position + i;
    if (s.kind == RowKind::prompt) prompt_rows = s.row + s.rows;
  }

  PartClock clock(batch.part_seconds);
  Context context{workspace.pool, kernels_, arena, prompt_rows, adapter_rows(batch, arena)};
  Rows x = embed(context, batch.tokens, parts_.embedding->weight, parts_.embedding_scale);
  clock.next();
  const auto run = [&](size_t begin, size_t end, const Step& step, Rows rows) {
    for (size_t i = begin; i < end; i++) {
      if (batch.abandoned != nullptr && batch.abandoned->load(std::memory_order_relaxed)) return false;
      parts_.blocks[i]->forward(step, rows);
      clock.next();
    }
    return true;
  };
  const Step step{context, batch, angles(context, {positions, static_cast<size_t>(m)})};
  if (!run(0, stateful_blocks_, step, x)) return {};
  // Nobody looks back at what follows, so only rows with an output take part in it: 1 of 512 in a prompt.
  const int outputs = static_cast<int>(batch.outputs.size());
  if (outputs == 0) return {};
  PickedRows picked = pick(context, x, batch.outputs);
  if (!run(stateful_blocks_, parts_.blocks.size(), {picked.context, batch, {}}, picked.x)) return {};

  const Rows last = picked.x;
  context.prompt_rows = picked.context.prompt_rows;
  context.adapters = {};
  rms_norm(context, last, parts_.norm, last);
  Rows logits = context.rows(outputs, vocabulary());
  if (batch.wanted) {
    linear_panels(context, last, *parts_.head, panels_of(*batch.wanted, arena), logits);
  } else if (batch.largest_only && workspace.bounds.pay_now()) {
    const std::optional<double> share = linear_largest(context, last, *parts_.head, logits);
    if (share) workspace.bounds.took(*share);
  } else {
    const Linear* head[] = {parts_.head.get()};
    linear(context, last, head, {&logits, 1});
  }
  clock.next();
  return {logits.data, static_cast<size_t>(outputs) * static_cast<size_t>(logits.width)};
}

std::vector<Cost> Decoder::costs() const {
  auto table = [](std::string_view kind, const Linear& layer) {
    const int64_t weights = static_cast<int64_t>(layer.weight.rows()) * layer.weight.k();
    return Cost{
        .kind = kind, .parameters = weights, .weight_bytes = static_cast<int64_t>(layer.weight.bytes())};
  };
  const bool tied = parts_.head == parts_.embedding;
  std::vector<Cost> costs{table("embedding", *parts_.embedding)};
  if (tied) costs[0].weight_bytes = 0;  // counted with the head, which reads all of it
  for (const auto& block : parts_.blocks) costs.push_back(block->cost());
  Cost head = table("head", *parts_.head);
  head.multiply_adds = head.parameters;
  head.bytes_of_others = static_cast<int64_t>(parts_.head->weight.low_bytes());
  if (tied) head.parameters = 0;
  costs.push_back(head);
  return costs;
}

}  // namespace understudy
