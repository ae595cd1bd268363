// The backward of every op, on every kernel table of this machine, against central differences of its formula
// in double precision: d/dx of sum(w * y) for random w.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "kernels/dispatch.h"
#include "ops/add.h"
#include "ops/attention.h"
#include "ops/cross_entropy.h"
#include "ops/glu.h"
#include "ops/linear.h"
#include "ops/rms_norm.h"
#include "ops/rope.h"

namespace understudy {
namespace {

using Vector = std::vector<double>;
using Function = std::function<Vector(const Vector&)>;

std::vector<float> normal(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> distribution;
  std::vector<float> values(count);
  for (float& v : values) v = distribution(random);
  return values;
}

double weighted(const Vector& y, const std::vector<float>& w) {
  double sum = 0;
  for (size_t i = 0; i < y.size(); i++) sum += y[i] * w[i];
  return sum;
}

// The gradient at x, of which what was found may differ by `tolerance` of its largest element.
void expect_gradient(const Function& f, const std::vector<float>& x, const std::vector<float>& w,
                     const float* found, const std::string& what, double tolerance = 2e-5) {
  constexpr double kStep = 1e-4;
  Vector at(x.begin(), x.end()), exact(x.size());
  double largest = 0;
  for (size_t i = 0; i < x.size(); i++) {
    at[i] = x[i] + kStep;
    const double above = weighted(f(at), w);
    at[i] = x[i] - kStep;
    exact[i] = (above - weighted(f(at), w)) / (2 * kStep);
    at[i] = x[i];
    largest = std::max(largest, std::abs(exact[i]));
  }
  ASSERT_GT(largest, 0) << what;
  for (size_t i = 0; i < x.size(); i++)
    ASSERT_NEAR(found[i], exact[i], tolerance * largest) << what << " element " << i;
}

class BackwardTest : public testing::TestWithParam<const KernelTable*> {
 protected:
  static Rows rows(std::vector<float>& values, int width) {
    return {values.data(), static_cast<int>(values.size()) / width, width};
  }
  const std::string name_ = GetParam()->name;
  ThreadPool pool_{2};
  Arena arena_, memory_;
  Adapter adapter_;
  std::vector<float> adapter_gradient_;
  Tape tape_{memory_, adapter_, adapter_gradient_};
  Context context_{pool_, *GetParam(), arena_, 0, {}, &tape_};
};

Vector rms_norm_formula(const Vector& x, const RmsNorm& norm) {
  const size_t c = norm.weight.size();
  Vector y(x.size());
  for (size_t at = 0; at < x.size(); at += c) {
    double squares = 0;
    for (size_t i = 0; i < c; i++) squares += x[at + i] * x[at + i];
    const double inverse = 1 / std::sqrt(squares / static_cast<double>(c) + norm.eps);
    for (size_t i = 0; i < c; i++) y[at + i] = x[at + i] * inverse * norm.weight[i];
  }
  return y;
}

TEST_P(BackwardTest, RmsNorm) {
  for (const bool in_place : {false, true}) {
    for (size_t c : {48u, 16u}) {  // the whole row, and per head
      const RmsNorm norm{normal(c, 1), 1e-2f};
      const auto x = normal(5 * 48, 2);
      auto input = x, result = x, w = normal(x.size(), 3);
      const Rows in = rows(input, 48), out = in_place ? in : rows(result, 48);
      Tape tape(memory_, adapter_, adapter_gradient_);
      context_.tape = &tape;
      rms_norm(context_, in, norm, out);
      auto dy = w;
      tape.set_gradient(out, rows(dy, 48));
      if (!in_place) input.assign(input.size(), 0);  // as the residual stream is overwritten
      tape.backward(context_);
      expect_gradient([&](const Vector& at) { return rms_norm_formula(at, norm); }, x, w,
                      tape.gradient(in).data, name_);
    }
  }
}

double activation_formula(double g, Activation activation) {
  if (activation == Activation::silu) return g / (1 + std::exp(-g));
  return 0.5 * g * (1 + std::tanh(std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g)));
}

TEST_P(BackwardTest, Glu) {
  for (Activation activation : {Activation::silu, Activation::gelu_tanh}) {
    for (const bool in_place : {false, true}) {
      const auto gate = normal(3 * 32, 1), up = normal(3 * 32, 2), w = normal(3 * 32, 3);
      auto g = gate, u = up, y = gate, dy = w;
      const Rows out = in_place ? rows(g, 32) : rows(y, 32);
      Tape tape(memory_, adapter_, adapter_gradient_);
      context_.tape = &tape;
      glu(context_, rows(g, 32), rows(u, 32), activation, out);
      tape.set_gradient(out, rows(dy, 32));
      tape.backward(context_);
      const auto formula = [&](const auto& a, const auto& b) {
        Vector result(a.size());
        for (size_t i = 0; i < a.size(); i++) result[i] = activation_formula(a[i], activation) * b[i];
        return result;
      };
      expect_gradient([&](const Vector& at) { return formula(at, up); }, gate, w,
                      tape.gradient(rows(g, 32)).data, name_ + " gate");
      expect_gradient([&](const Vector& at) { return formula(gate, at); }, up, w,
                      tape.gradient(rows(u, 32)).data, name_ + " up");
    }
  }
}

TEST_P(BackwardTest, AddIntoTheResidualStream) {
  auto x = normal(4 * 16, 1), branch = normal(4 * 16, 2), dy = normal(4 * 16, 3);
  const auto w = dy;
  tape_.set_gradient(rows(x, 16), rows(dy, 16));
  add(context_, rows(x, 16), rows(branch, 16), rows(x, 16));
  tape_.backward(context_);
  const float *dx = tape_.gradient(rows(x, 16)).data, *dbranch = tape_.gradient(rows(branch, 16)).data;
  for (size_t i = 0; i < w.size(); i++) {
    ASSERT_EQ(dx[i], w[i]);
    ASSERT_EQ(dbranch[i], w[i]);
  }
}

TEST_P(BackwardTest, Rope) {
  const int positions[] = {0, 3, 100};
  for (RopePairs pairs : {RopePairs::adjacent, RopePairs::split}) {
    const Rope turns = Rope::make(8, 100.0f, pairs);  // half of a head of 16
    const auto x = normal(3 * 32, 1), w = normal(3 * 32, 2);
    auto y = x, dy = w;
    Tape tape(memory_, adapter_, adapter_gradient_);
    context_.tape = &tape;
    tape.set_gradient(rows(y, 32), rows(dy, 32));
    rope(context_, rows(y, 32), 16, rope_angles(context_, positions, turns), pairs);
    tape.backward(context_);
    const auto formula = [&](const Vector& at) {
      Vector result = at;
      for (size_t head = 0; head < 6; head++) {
        for (size_t i = 0; i < 4; i++) {
          const double angle = positions[head / 2] * static_cast<double>(turns.inverse_frequency[i]);
          const size_t a = 16 * head + (pairs == RopePairs::split ? i : 2 * i);
          const size_t b = pairs == RopePairs::split ? a + 4 : a + 1;
          result[a] = at[a] * std::cos(angle) - at[b] * std::sin(angle);
          result[b] = at[a] * std::sin(angle) + at[b] * std::cos(angle);
        }
      }
      return result;
    };
    expect_gradient(formula, x, w, dy.data(), name_);
  }
}

// Two sequences of 37 and 3 rows, two query heads a key head.
struct AttentionCase {
  static constexpr int kRows = 40, kD = 16, kHeads = 2, kKvHeads = 1;
  int window;

  Vector formula(const Vector& q, const Vector& k, const Vector& v) const {
    Vector out(q.size());
    for (int m = 0; m < kRows; m++) {
      const int start = m < 37 ? 0 : 37, first = window > 0 ? std::max(start, m - window + 1) : start;
      for (int h = 0; h < kHeads; h++) {
        const auto query = static_cast<size_t>((m * kHeads + h) * kD);
        double total = 0;
        for (int j = first; j <= m; j++) {
          double score = 0;
          for (size_t i = 0; i < kD; i++) score += q[query + i] * k[static_cast<size_t>(j * kD) + i];
          const double weight = std::exp(0.25 * score);
          total += weight;
          for (size_t i = 0; i < kD; i++) out[query + i] += weight * v[static_cast<size_t>(j * kD) + i];
        }
        for (size_t i = 0; i < kD; i++) out[query + i] /= total;
      }
    }
    return out;
  }
};

TEST_P(BackwardTest, Attention) {
  using C = AttentionCase;
  for (const int window : {0, 9}) {
    const C c{window};
    const auto q = normal(C::kRows * C::kHeads * C::kD, 1), k = normal(C::kRows * C::kD, 2),
               v = normal(C::kRows * C::kD, 3), w = normal(q.size(), 4);
    auto qs = q, ks = k, vs = v, out = q, dout = w;
    const AttentionShape shape{
        .heads = C::kHeads, .kv_heads = C::kKvHeads, .head_width = C::kD, .window = window, .scale = 0.25f};
    std::vector<std::vector<std::byte>> pages(4, std::vector<std::byte>(shape.page_bytes()));
    std::byte* tables[] = {pages[0].data(), pages[1].data(), pages[2].data(), pages[3].data()};
    const AttentionRows sequences[] = {{0, 37, 0, {tables, 3}}, {37, 3, 0, {tables + 3, 1}}};
    Tape tape(memory_, adapter_, adapter_gradient_);
    context_.tape = &tape;
    const Rows in = rows(qs, 32), result = rows(out, 32);
    attention(context_, in, rows(ks, 16), rows(vs, 16), shape, sequences, result);
    tape.set_gradient(result, rows(dout, 32));
    tape.backward(context_);
    const Vector dq(q.begin(), q.end()), dk(k.begin(), k.end()), dv(v.begin(), v.end());
    const std::string what = name_ + " window " + std::to_string(window);
    expect_gradient([&](const Vector& at) { return c.formula(at, dk, dv); }, q, w, tape.gradient(in).data,
                    what + " q");
    expect_gradient([&](const Vector& at) { return c.formula(dq, at, dv); }, k, w,
                    tape.gradient(rows(ks, 16)).data, what + " k");
    expect_gradient([&](const Vector& at) { return c.formula(dq, dk, at); }, v, w,
                    tape.gradient(rows(vs, 16)).data, what + " v");
  }
}

Linear random_layer(int n, int k, uint32_t seed, int id) {
  ThreadPool pool(1);
  const auto weights = normal(static_cast<size_t>(n * k), seed);
  Linear layer;
  layer.weight = PackedMatrix::pack(DType::f32, n, k, std::as_bytes(std::span(weights)), pool,
                                    std::make_shared<Arena>());
  layer.bias = normal(static_cast<size_t>(n), seed + 1);
  layer.id = id;
  return layer;
}

// y = x W^T + bias + scale (x A) B with the adapter on rows 2 and later.
Vector linear_formula(const Vector& x, const Linear& layer, const Adapter& adapter, const Vector& values) {
  const auto k = static_cast<size_t>(layer.weight.k()), n = static_cast<size_t>(layer.weight.rows());
  const AdapterPair& pair = *adapter.pair(layer.id);
  const auto r = static_cast<size_t>(pair.padded_rank());
  Vector y(x.size() / k * n);
  std::vector<float> w(k);
  for (size_t m = 0; m < x.size() / k; m++) {
    Vector u(r);
    for (size_t j = 0; j < r && m >= 2; j++) {
      for (size_t i = 0; i < k; i++) u[j] += pair.scale * x[m * k + i] * values[pair.a + i * r + j];
    }
    for (size_t i = 0; i < n; i++) {
      layer.weight.unpack_row(static_cast<int>(i), w.data());
      double sum = layer.bias[i];
      for (size_t j = 0; j < k; j++) sum += x[m * k + j] * w[j];
      for (size_t j = 0; j < r; j++) sum += u[j] * values[pair.b + j * n + i];
      y[m * n + i] = sum;
    }
  }
  return y;
}

TEST_P(BackwardTest, LinearAndItsAdapter) {
  constexpr int kRows = 6, kK = 32, kN[] = {48, 16};
  const Linear layers[] = {random_layer(kN[0], kK, 1, 0), random_layer(kN[1], kK, 3, 1)};
  for (size_t i = 0; i < 2; i++) adapter_.add_pair(static_cast<int>(i), kK, kN[i], 16, 0.5f);
  adapter_.values = normal(adapter_.values.size(), 5);
  adapter_gradient_.assign(adapter_.values.size(), 0);
  Tape tape(memory_, adapter_, adapter_gradient_);
  const AdapterRows ranges[] = {{2, kRows, &adapter_}};
  context_.tape = &tape;
  context_.adapters = ranges;

  const auto x = normal(kRows * kK, 6), w = normal(kRows * (48 + 16), 7);
  auto in = x;
  std::vector<float> y[] = {std::vector<float>(kRows * 48), std::vector<float>(kRows * 16)};
  std::vector<float> dy[] = {{w.begin(), w.begin() + kRows * 48}, {w.begin() + kRows * 48, w.end()}};
  const Linear* pointers[] = {&layers[0], &layers[1]};
  const Rows results[] = {rows(y[0], 48), rows(y[1], 16)};
  linear(context_, rows(in, kK), pointers, results);
  for (size_t i = 0; i < 2; i++) tape.set_gradient(results[i], rows(dy[i], kN[i]));
  tape.backward(context_);

  const auto formula = [&](const Vector& at, const Vector& values) {
    Vector both = linear_formula(at, layers[0], adapter_, values);
    const Vector second = linear_formula(at, layers[1], adapter_, values);
    both.insert(both.end(), second.begin(), second.end());
    return both;
  };
  const Vector input(x.begin(), x.end()), values(adapter_.values.begin(), adapter_.values.end());
  const Vector exact = formula(input, values);
  for (size_t i = 0; i < exact.size(); i++)
    ASSERT_NEAR(i < y[0].size() ? y[0][i] : y[1][i - y[0].size()], exact[i], 1e-3) << name_;
  expect_gradient([&](const Vector& at) { return formula(at, values); }, x, w,
                  tape.gradient(rows(in, kK)).data, name_ + " x");
  expect_gradient([&](const Vector& at) { return formula(input, at); }, adapter_.values, w,
                  adapter_gradient_.data(), name_ + " adapter");
}

TEST_P(BackwardTest, CrossEntropyOfTheHead) {
  constexpr int kRows = 5, kC = 32, kV = 70;  // the last panel is not whole
  Linear head = random_layer(kV, kC, 1, -1);
  head.bias.clear();
  const int32_t targets[] = {0, 69, 3, 3, 41};
  auto x = normal(kRows * kC, 2);
  std::vector<float> losses(kRows), dx(x.size());
  context_.tape = nullptr;
  cross_entropy(context_, rows(x, kC), head, targets, losses, 0.5f, rows(dx, kC));
  const auto formula = [&](const Vector& at) {
    Vector loss(kRows);
    std::vector<float> w(kC);
    for (size_t m = 0; m < kRows; m++) {
      double total = 0, wanted = 0;
      for (int v = 0; v < kV; v++) {
        head.weight.unpack_row(v, w.data());
        double z = 0;
        for (size_t i = 0; i < kC; i++) z += at[m * kC + i] * w[i];
        total += std::exp(z);
        if (v == targets[m]) wanted = z;
      }
      loss[m] = std::log(total) - wanted;
    }
    return loss;
  };
  const Vector exact = formula(Vector(x.begin(), x.end()));
  for (size_t m = 0; m < kRows; m++) ASSERT_NEAR(losses[m], exact[m], 1e-4) << name_;
  expect_gradient(formula, x, std::vector<float>(kRows, 0.5f), dx.data(), name_);
}

INSTANTIATE_TEST_SUITE_P(Tables, BackwardTest, testing::ValuesIn(testable_kernels()),
                         [](const auto& test) { return std::string(test.param->name); });

}  // namespace
}  // namespace understudy
