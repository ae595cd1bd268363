// Backward of attention: the softmax is computed again from dense q, k and v, a block of query rows at a
// time, so that nothing of size rows x keys outlives its block.
//
// With P = softmax(scale Q K^T), dV = P^T dO, dP = dO V^T, dS = scale P (dP - rowsum(P dP)), dQ = dS K, dK =
// dS^T Q. Source: Dao et al. 2022, "FlashAttention", appendix B.2.
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/checked.h"
#include "ops/attention.h"

namespace understudy {

namespace {

constexpr int kQueryRows = 32;  // that share one block of P; its memory is 2 x 32 x keys

// One KV head of one sequence: its own rows of dq, dk and dv, so that tasks never meet.
struct Part {
  const AttentionRows* sequence;
  int g;
  float *k_columns, *v_columns;  // K^T and V^T: (D, T) each, T rounded up to whole vectors
  float *p, *dp;                 // (kQueryRows, T)
  float* q;                      // (kQueryRows, D), scaled
};

struct AttentionGradients {
  Rows dout, dq, dk, dv;
};

class AttendBackward {
 public:
  AttendBackward(const KernelTable& kernels, Rows q, Rows k, Rows v, const AttentionShape& shape,
                 const AttentionGradients& d)
      : kernels_(kernels), q_(q), k_(k), v_(v), shape_(shape), d_(d), group_(shape.heads / shape.kv_heads) {}

  void run(const Part& part) const {
    transpose(part, k_, part.k_columns);
    transpose(part, v_, part.v_columns);
    for (int first = 0; first < part.sequence->rows; first += kQueryRows) {
      const int count = std::min(kQueryRows, part.sequence->rows - first);
      for (int h = part.g * group_; h < (part.g + 1) * group_; h++) query_block(part, h, first, count);
    }
  }

  static int padded(int rows) { return round_up(rows, 16); }

 private:
  int visible_first(int i) const { return shape_.window > 0 ? std::max(0, i - shape_.window + 1) : 0; }
  int visible_end(const Part& part, int i) const { return shape_.causal ? i + 1 : part.sequence->rows; }

  // Where row i of the sequence begins in head `head` of a (M, heads * D) matrix.
  float* at(const Part& part, Rows x, int i, int head) const {
    return x.row(part.sequence->row + i) + head * shape_.head_width;
  }

  void transpose(const Part& part, Rows x, float* columns) const {
    const int rows = part.sequence->rows, stride = padded(rows);
    for (int j = 0; j < shape_.head_width; j++) {
      for (int i = 0; i < rows; i++) columns[j * stride + i] = at(part, x, i, part.g)[j];
      std::fill(columns + j * stride + rows, columns + (j + 1) * stride, 0.0f);
    }
  }

  // Of head h, rows [first, first + count) of the sequence.
  void query_block(const Part& part, int h, int first, int count) const {
    const int d = shape_.head_width, stride = padded(part.sequence->rows);
    const int begin = visible_first(first) / 16 * 16;  // keys that any of the rows sees, in whole vectors
    const int end = visible_end(part, first + count - 1), keys = end - begin, vectors = padded(keys);
    for (int i = 0; i < count; i++) {
      const float* row = at(part, q_, first + i, h);
      for (int j = 0; j < d; j++) part.q[i * d + j] = row[j] * shape_.scale;
      std::memset(part.p + i * stride, 0, static_cast<size_t>(vectors) * sizeof(float));
      std::memset(part.dp + i * stride, 0, static_cast<size_t>(vectors) * sizeof(float));
    }
    kernels_.multiply_add({part.q, d, 1, part.k_columns + begin, stride, part.p, stride, count, vectors, d});
    kernels_.multiply_add({at(part, d_.dout, first, h), d_.dout.width, 1, part.v_columns + begin, stride,
                           part.dp, stride, count, vectors, d});
    for (int i = 0; i < count; i++) soften(part, first + i, begin, vectors, i * stride);
    // part.q holds the scale, and dS as it stands lacks it: dK is whole, dQ gets it at last.
    kernels_.multiply_add({part.p, 1, stride, at(part, d_.dout, first, h), d_.dout.width,
                           at(part, d_.dv, begin, part.g), d_.dv.width, keys, d, count});
    kernels_.multiply_add(
        {part.dp, 1, stride, part.q, d, at(part, d_.dk, begin, part.g), d_.dk.width, keys, d, count});
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < keys; j++) part.dp[i * stride + j] *= shape_.scale;
    }
    kernels_.multiply_add({part.dp, stride, 1, at(part, k_, begin, part.g), k_.width,
                           at(part, d_.dq, first, h), d_.dq.width, count, d, keys});
  }

  // Scores of row i -> P, and dP -> dS; keys that it does not see become 0 in both.
  void soften(const Part& part, int i, int begin, int vectors, int row) const {
    const int first = visible_first(i) - begin, end = visible_end(part, i) - begin;
    float *p = part.p + row, *dp = part.dp + row;
    float max, sum;
    kernels_.softmax(p + first, end - first, &max, &sum);
    kernels_.softmax_backward(p + first, end - first, dp + first);
    for (float* x : {p, dp}) {
      std::fill(x, x + first, 0.0f);
      std::fill(x + end, x + vectors, 0.0f);
    }
  }

  const KernelTable& kernels_;
  Rows q_, k_, v_;
  const AttentionShape& shape_;
  AttentionGradients d_;
  int group_;
};

}  // namespace

void record_attention(Tape& tape, Rows q, Rows k, Rows v, const AttentionShape& shape,
                      std::span<const AttentionRows> sequences, Rows out) {
  auto* kept = tape.memory().allocate<AttentionRows>(sequences.size());
  std::copy(sequences.begin(), sequences.end(), kept);
  for (const AttentionRows& sequence : sequences) CHECK(sequence.position == 0);
  const size_t count = sequences.size();
  tape.record([=, &shape](const Context& context, Tape& on) {
    const AttendBackward work(context.kernels, q, k, v, shape,
                              {on.gradient(out), on.gradient(q), on.gradient(k), on.gradient(v)});
    ArenaScope scope(context.arena);
    const size_t heads = static_cast<size_t>(shape.kv_heads), d = static_cast<size_t>(shape.head_width);
    auto* parts = context.arena.allocate<Part>(count * heads);
    for (size_t i = 0; i < count * heads; i++) {
      const AttentionRows& sequence = kept[i / heads];
      const auto t = static_cast<size_t>(AttendBackward::padded(sequence.rows));
      const auto floats = [&](size_t size) { return context.arena.allocate<float>(size); };
      parts[i] = {&sequence,
                  static_cast<int>(i % heads),
                  floats(d * t),
                  floats(d * t),
                  floats(kQueryRows * t),
                  floats(kQueryRows * t),
                  floats(kQueryRows * d)};
    }
    context.pool.run(static_cast<int>(count * heads), [&](int task) { work.run(parts[task]); });
  });
}

}  // namespace understudy
