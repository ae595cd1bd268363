// Block: one residual branch of a model, x += f(norm(x)). Options and weights, forward composed of ops, the
// state it keeps and what it costs. Caches, batching, prefix sharing, the profiler ask blocks, never the
// family.
//
// A block that declares no state makes a row of itself alone: it looks at no other row, position or sequence of the step, and
// the network may leave out rows that nobody reads.
//
// Immutable once placed; forward() may run from one thread at a time per Context. A block's own work is
// spread by its ops. Blocks cannot fail: arch/loader.h has validated every shape.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "blocks/batch.h"
#include "ops/context.h"
#include "ops/rope.h"

namespace understudy {

// What a step hands to every block besides the residual stream.
struct Step {
  const Context& context;
  const Batch& batch;
  std::span<const Rows> angles;  // of each rope of the network (rope_angles)
};

struct PagedState {
  int window = 0;         // 0: all positions
  size_t page_bytes = 0;  // this block's part of a page
};

struct Cost {
  std::string_view kind;  // "attention", "mlp", …
  int64_t parameters = 0;
  int64_t weight_bytes = 0;       // packed, read once a step
  int64_t bytes_of_others = 0;    // of them, what Batch::largest_only need not read
  int64_t multiply_adds = 0;      // a token, linear layers
  int64_t key_multiply_adds = 0;  // a token and visible key
  int window = 0;                 // keys a token sees at most; 0: all
  int64_t paged_bytes_a_token = 0;
  int64_t snapshot_bytes = 0;  // a sequence
};

class Block {
 public:
  virtual ~Block() = default;
  virtual void forward(const Step& step, Rows x) const = 0;  // x (M, C), advanced in place
  virtual Cost cost() const = 0;
  // forward() may run under a tape (ops/tape.h): all of its ops record their backward.
  virtual bool has_backward() const { return false; }

  // Declared state; the network decides where it lives and says so once, before the first forward.
  virtual std::optional<PagedState> paged_state() const { return std::nullopt; }
  virtual size_t snapshot_bytes() const { return 0; }
  virtual const Rope* rope_used() const { return nullptr; }
  virtual void place_rope(int /*index*/) {}  // of Step::angles
  virtual void place_pages(int /*group*/, size_t /*page_offset*/) {}
  virtual void place_snapshot(size_t /*offset*/) {}
};

}  // namespace understudy
