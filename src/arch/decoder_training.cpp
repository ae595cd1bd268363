// A training step of Decoder. Each block runs under a tape of its own, which is kept until backward comes to it from
// the last block to the first. What does not fit into kTapeBytes is not kept: such a block's input is, and the block
// runs a second time, under a tape that lives as long as its backward (Chen et al. 2016, "Training Deep Nets with
// Sublinear Memory Cost"). Running twice costs a third of a step, so a step goes in parts of whole sequences that fit.
//
// Every sum of the gradient ascends in the rows and passes from part to part through the gradient itself: how a step
// is cut changes no bit.
#include <algorithm>
#include <cstring>

#include "arch/decoder.h"
#include "arch/workspace.h"
#include "base/checked.h"
#include "ops/cross_entropy.h"
#include "ops/embed.h"

namespace understudy {

namespace {

constexpr size_t kTapeBytes = size_t{1} << 30;
constexpr size_t kFewestTokens = 256;  // of a part: fewer do not pay for unpacking the weights in backward

Rows rows_in(Arena& arena, int count, int width) {
  return {arena.allocate<float>(static_cast<size_t>(count) * static_cast<size_t>(width)), count, width};
}

void copy_row(Rows from, int from_row, Rows to, int to_row) {
  std::memcpy(to.row(to_row), from.row(from_row), static_cast<size_t>(from.width) * sizeof(float));
}

size_t pages_of(size_t tokens) { return (tokens + kPageTokens - 1) / kPageTokens; }

// The largest part that a block has of a page.
size_t part_bytes(const std::vector<std::unique_ptr<Block>>& blocks, const PageGroup& group) {
  size_t largest = 0;
  for (const auto& block : blocks) {
    const auto state = block->paged_state();
    if (state && state->window == group.window) largest = std::max(largest, state->page_bytes);
  }
  return round_up(largest, size_t{64});
}

// The sequences as one batch of prompt rows. A block reads the keys and values that it has just stored and nobody
// else does, so pages lie one block's part apart, and blocks overwrite each other's.
void build_batch(std::span<const TrainingSequence> sequences,
                 const std::vector<std::unique_ptr<Block>>& blocks, const std::vector<PageGroup>& groups,
                 Arena& memory, Batch& batch) {
  size_t pages = 0, state_bytes = 0;
  batch.tokens.clear();
  batch.sequences.resize(sequences.size());
  for (size_t i = 0; i < sequences.size(); i++) {
    const auto tokens = sequences[i].tokens;
    SequenceRows& rows = batch.sequences[i];
    rows.row = static_cast<int>(batch.tokens.size());
    rows.rows = static_cast<int>(tokens.size());
    rows.pages.resize(groups.size());
    batch.tokens.insert(batch.tokens.end(), tokens.begin(), tokens.end());
    pages += pages_of(tokens.size());
  }
  for (const PageGroup& group : groups)
    state_bytes = std::max(state_bytes, group.page_bytes + pages * part_bytes(blocks, group));
  auto* state = memory.allocate<std::byte>(state_bytes);
  for (size_t g = 0; g < groups.size(); g++) {
    const size_t apart = part_bytes(blocks, groups[g]);
    auto* table = memory.allocate<std::byte*>(pages);
    for (size_t p = 0; p < pages; p++) table[p] = state + p * apart;
    for (SequenceRows& rows : batch.sequences) {
      const size_t count = pages_of(static_cast<size_t>(rows.rows));
      rows.pages[g] = {table, count};
      table += count;
    }
  }
}

struct Targets {
  std::span<int> rows;         // ascending rows of the batch that have one
  std::span<int32_t> targets;  // theirs
};

Targets find_targets(std::span<const TrainingSequence> sequences, size_t rows, Arena& memory) {
  Targets found{{memory.allocate<int>(rows), rows}, {memory.allocate<int32_t>(rows), rows}};
  size_t count = 0;
  int row = 0;
  for (const TrainingSequence& sequence : sequences) {
    for (const int32_t target : sequence.targets) {
      if (target >= 0) {
        found.rows[count] = row;
        found.targets[count++] = target;
      }
      row++;
    }
  }
  return {found.rows.first(count), found.targets.first(count)};
}

// -log p of every target, from the last block's result x. `tape` records the final norm and gets its gradients;
// nullptr: losses alone.
void head_losses(const Context& context, const DecoderParts& parts, Rows last, const Targets& wanted,
                 float scale, std::span<float> losses, Tape* tape) {
  Context recording = context, head = context;
  recording.tape = tape;
  head.prompt_rows = last.rows;
  head.adapters = {};
  const Rows normed = rms_norm(recording, last, parts.norm);
  cross_entropy(head, normed, *parts.head, wanted.targets, losses, scale,
                tape != nullptr ? tape->gradient(normed) : Rows{});
  if (tape != nullptr) tape->backward(recording);
}

void copy_rows(const Context& context, Rows from, Rows to) {
  context.each_row(from.rows, from.width, [&](int row) { copy_row(from, row, to, row); });
}

// The blocks of a part with their tapes, or, once those have filled their memory, with their inputs.
class BlockTapes {
 public:
  BlockTapes(const std::vector<std::unique_ptr<Block>>& blocks, const Step& step, Workspace& workspace,
             const Adapter& adapter, std::span<float> gradient)
      : blocks_(blocks),
        step_(step),
        workspace_(workspace),
        adapter_(adapter),
        gradient_(gradient),
        tapes_(reinterpret_cast<Tape*>(workspace.kept.allocate<std::byte>(blocks.size() * sizeof(Tape)))),
        inputs_(workspace.kept.allocate<Rows>(blocks.size())) {}

  // Advances x by block b, in order.
  void forward(size_t b, Rows x, bool backward) {
    if (!backward) return blocks_[b]->forward(step_, x);
    const size_t used = workspace_.tape.used();
    if (taped_ == b && used + largest_ <= kTapeBytes) {
      taped_++;
      run(b, new (tapes_ + b) Tape(workspace_.tape, adapter_, gradient_), x);
      largest_ = std::max(largest_, workspace_.tape.used() - used);
      if (taped_ == blocks_.size()) {
        size_t& known = workspace_.tape_bytes_a_token;
        known = std::max(known, workspace_.tape.used() / static_cast<size_t>(x.rows));
      }
    } else {
      inputs_[b] = rows_in(workspace_.kept, x.rows, x.width);
      copy_rows(step_.context, x, inputs_[b]);
      blocks_[b]->forward(step_, x);
    }
  }

  // Turns the gradient of block b's result into that of its input, in reverse order. x is where forward had both.
  void backward(size_t b, Rows x, Rows dx) {
    Tape* tape = tapes_ + b;
    if (b >= taped_) {
      x = inputs_[b];
      run(b, new (tape) Tape(workspace_.tape, adapter_, gradient_), x);
    }
    Context recorded = step_.context;
    recorded.tape = tape;
    tape->set_gradient(x, dx);
    tape->backward(recorded);
    std::destroy_at(tape);
  }

 private:
  void run(size_t b, Tape* tape, Rows x) const {
    Context recording = step_.context;
    recording.tape = tape;
    blocks_[b]->forward({recording, step_.batch, step_.angles}, x);
  }

  const std::vector<std::unique_ptr<Block>>& blocks_;
  const Step step_;
  Workspace& workspace_;
  const Adapter& adapter_;
  std::span<float> gradient_;
  Tape* tapes_;
  Rows* inputs_;
  size_t taped_ = 0, largest_ = 0;  // blocks with a tape; bytes of the largest
};

}  // namespace

const TrainableNetwork* Decoder::trainable() const {
  return std::all_of(parts_.blocks.begin(), parts_.blocks.end(),
                     [](const auto& block) { return block->has_backward(); })
             ? this
             : nullptr;
}

void Decoder::train_part(std::span<const TrainingSequence> sequences, const Adapter& adapter, float scale,
                         std::span<float> gradient, Workspace& workspace, double& loss) const {
  workspace.arena.release({});
  workspace.tape.release({});
  Arena& kept = workspace.kept;
  kept.release({});
  Batch& batch = workspace.batch;
  build_batch(sequences, parts_.blocks, page_groups_, kept, batch);
  const int m = static_cast<int>(batch.tokens.size()), c = parts_.embedding->weight.k();
  const std::span<int> positions{kept.allocate<int>(batch.tokens.size()), batch.tokens.size()};
  for (const SequenceRows& s : batch.sequences) {
    for (int i = 0; i < s.rows; i++) positions[static_cast<size_t>(s.row + i)] = i;
  }
  const Targets wanted = find_targets(sequences, batch.tokens.size(), kept);
  if (wanted.rows.empty()) return;
  const bool backward = !gradient.empty();

  const AdapterRows everywhere{0, m, &adapter};
  const Context context{workspace.pool, kernels_, workspace.arena, m, {&everywhere, 1}};
  const Rows x = rows_in(kept, m, c);
  copy_rows(context, embed(context, batch.tokens, parts_.embedding->weight, parts_.embedding_scale), x);
  const Context keeping{workspace.pool, kernels_, kept};
  BlockTapes tapes(parts_.blocks, {context, batch, angles(keeping, positions)}, workspace, adapter, gradient);
  for (size_t b = 0; b < parts_.blocks.size(); b++) tapes.forward(b, x, backward);

  const int count = static_cast<int>(wanted.rows.size());
  const Rows last = rows_in(kept, count, c);
  for (int i = 0; i < count; i++) copy_row(x, wanted.rows[static_cast<size_t>(i)], last, i);
  const std::span<float> losses{kept.allocate<float>(wanted.rows.size()), wanted.rows.size()};
  if (!backward) {
    head_losses(context, parts_, last, wanted, scale, losses, nullptr);
  } else {
    const Rows dx = rows_in(kept, m, c);
    std::memset(dx.data, 0, dx.size() * sizeof(float));
    {
      Tape tape(workspace.tape, adapter, gradient);
      head_losses(context, parts_, last, wanted, scale, losses, &tape);
      for (int i = 0; i < count; i++)
        copy_row(tape.gradient(last), i, dx, wanted.rows[static_cast<size_t>(i)]);
    }
    for (size_t b = parts_.blocks.size(); b-- > 0;) tapes.backward(b, x, dx);
  }
  for (const float one : losses) loss += static_cast<double>(one);
}

double Decoder::train_step(std::span<const TrainingSequence> sequences, const Adapter& adapter, float scale,
                           std::span<float> gradient, Workspace& workspace) const {
  double loss = 0;
  for (size_t begin = 0, end = 0; begin < sequences.size(); begin = end) {
    const size_t known = workspace.tape_bytes_a_token;
    const size_t most = known == 0 ? kFewestTokens : std::max(kFewestTokens, kTapeBytes / known);
    size_t tokens = sequences[end++].tokens.size();
    while (end < sequences.size() && tokens + sequences[end].tokens.size() <= most)
      tokens += sequences[end++].tokens.size();
    train_part(sequences.subspan(begin, end - begin), adapter, scale, gradient, workspace, loss);
  }
  return loss;
}

}  // namespace understudy
