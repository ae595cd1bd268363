// Tape: what a forward leaves behind so that its backward can run, in the reverse order. While Context::tape
// is set, Context::rows() takes results from the tape's memory, where they outlive the block that made them,
// and every op records a function of its backward with what it needs: shapes, borrowed rows, copies of what
// the op itself overwrites. When serving there is no tape, and an op pays one comparison with null.
//
// Gradients belong to rows by address. An op that writes its result over its input replaces the gradient of
// the one by that of the other; any other op adds to the gradients of its inputs and may use up that of its
// result. Rows that an op keeps by reference (linear's input; q, k and v of attention) must not be
// overwritten by a later op of the same tape; rms_norm, glu and rope in place keep copies where they need
// them.
//
// One tape records a stretch of a forward that is small enough to keep: a block (arch/decoder_training.cpp).
// From one thread; ops share their own work.
// Source: the pairs of forward and backward in Karpathy's llm.c; checkpoints: Chen et al. 2016.
#pragma once

#include <cstring>
#include <new>
#include <span>
#include <type_traits>

#include "base/arena.h"
#include "ops/adapter.h"
#include "ops/rows.h"

namespace understudy {

struct Context;

class Tape {
 public:
  // Takes memory from `memory` and gives all of it back at its end. `trained` is the adapter whose gradient
  // is wanted; it is added to `gradient`, which is laid out as Adapter::values.
  Tape(Arena& memory, const Adapter& trained, std::span<float> gradient)
      : scope_(memory), memory_(memory), trained_(trained), gradient_(gradient) {}

  Arena& memory() { return memory_; }
  Rows keep_rows(int rows, int width);
  Rows copy(Rows rows);

  // Keeps `backward(context, tape)`, which runs once. What it captures must be plain values.
  template <typename Backward>
  void record(const Backward& backward) {
    static_assert(std::is_trivially_destructible_v<Backward>);
    auto* kept = new (memory_.allocate<std::byte>(sizeof(Backward))) Backward(backward);
    const Step step{last_, kept, [](const void* self, const Context& context, Tape& tape) {
                      (*static_cast<const Backward*>(self))(context, tape);
                    }};
    last_ = new (memory_.allocate<std::byte>(sizeof(Step))) Step(step);
  }

  // The gradient of `rows`, of the same shape: zero when it is asked for the first time.
  Rows gradient(Rows rows);
  // Says where the gradient of `rows` lies; the caller owns it.
  void set_gradient(Rows rows, Rows gradient);

  // Runs what was recorded, newest first. `context` is that of the forward.
  void backward(const Context& context);

  const Adapter& trained() const { return trained_; }
  float* adapter_gradient(size_t offset) const { return gradient_.data() + offset; }

 private:
  struct Step {
    const Step* before;
    const void* self;
    void (*run)(const void* self, const Context& context, Tape& tape);
  };
  struct Gradient {
    const Gradient* before;
    const float* of;
    Rows rows;
  };
  ArenaScope scope_;
  Arena& memory_;
  const Adapter& trained_;
  std::span<float> gradient_;
  const Step* last_ = nullptr;
  const Gradient* gradients_ = nullptr;
};

}  // namespace understudy
