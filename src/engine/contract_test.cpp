// The numeric contract through the whole engine: real networks (the golden models of every family, and a
// quantised model file if there is one), every kernel table. What a request answers, to the bit of its
// log-probabilities, does not depend on what else runs and with which adapters, on chunks, on cached prefixes
// or on requests that were cancelled.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <future>
#include <numeric>
#include <random>

#include "arch/adapters.h"
#include "arch/contiguous_state.h"
#include "engine/engine.h"
#include "engine/testing/engine_client.h"
#include "engine/testing/golden_model.h"

namespace understudy {
namespace {

constexpr const char* kQuantised = "quantised_file";

struct Case {
  std::string model, table;
  KvType kv = KvType::f16;
};

class ContractTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    for (const KernelTable* table : testable_kernels()) {
      if (GetParam().table == table->name) kernels_ = table;
    }
    ASSERT_NE(kernels_, nullptr);
    const ModelOptions options{.kernels = kernels_, .kv = GetParam().kv};
    if (GetParam().model == kQuantised) {
      const char* path = std::getenv("UNDERSTUDY_TEST_MODEL");
      if (path == nullptr) GTEST_SKIP() << "UNDERSTUDY_TEST_MODEL names no GGUF file";
      auto model = Model::load(std::string(path), options);
      ASSERT_TRUE(model.ok()) << model.error().message();
      model_ = *model;
    } else {
      auto model = Model::from_file(read_golden(golden_path(GetParam().model)).file, options);
      ASSERT_TRUE(model.ok()) << model.error().message();
      model_ = *model;
    }
  }

  std::unique_ptr<Engine> start(int prefill_chunk, int threads) const {
    EngineOptions options{
        .threads = threads, .context = 512, .max_running = 40, .prefill_chunk = prefill_chunk};
    auto engine = Engine::create(EngineModel{model_->shared_network(), {}, 0, model_->digest()}, options);
    EXPECT_TRUE(engine.ok()) << (engine.ok() ? "" : engine.error().message());
    return std::move(*engine);
  }

  // Greedy and seeded, with shared beginnings, lengths around pages.
  std::vector<EngineRequest> requests(int count) const {
    const int vocabulary = model_->network().vocabulary();
    const std::vector<TokenId> system = random_tokens(35, 1, vocabulary);
    std::vector<EngineRequest> list;
    for (int i = 0; i < count; i++) {
      EngineRequest request;
      if (i % 2 == 0) request.prompt = system;
      auto rest =
          random_tokens(static_cast<size_t>(1 + 5 * i % 23), static_cast<uint64_t>(100 + i), vocabulary);
      request.prompt.insert(request.prompt.end(), rest.begin(), rest.end());
      request.max_tokens = 6 + i % 5;
      request.sampling.temperature = i % 3 == 0 ? 0.0f : 0.9f;
      request.sampling.seed = static_cast<uint64_t>(i);
      if (i % 4 == 1) request.sampling.top_p = 0.95f;
      request.logprobs = 2;
      list.push_back(std::move(request));
    }
    return list;
  }

  // Of some or all layers, with ranks that fill vectors and ranks that do not. Without B it changes nothing.
  std::shared_ptr<const LoadedAdapter> adapter(int number, bool with_b = true) const {
    AdapterOptions options{.rank = 3 + 13 * number, .alpha = 8, .seed = static_cast<uint64_t>(number)};
    if (number == 1) options.layers = [](std::string_view name) { return !name.ends_with("_q"); };
    auto made = make_adapter(model_->network(), options);
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message());
    LoadedAdapter loaded{std::move(*made),
                         "adapter " + std::to_string(number) + (with_b ? "" : " without B")};
    std::mt19937_64 random(static_cast<uint64_t>(number));
    for (const AdapterPair& pair : loaded.adapter.pairs) {
      for (int i = 0; with_b && i < pair.rank * pair.outputs; i++)
        loaded.adapter.values[pair.b + static_cast<size_t>(i)] =
            static_cast<float>(random() >> 40) * 0x1p-25f - 0.25f;
    }
    return std::make_shared<const LoadedAdapter>(std::move(loaded));
  }

  // With and without adapters; one in five has a closed set of choices.
  std::vector<EngineRequest> requests_with_adapters(int count) const {
    auto list = requests(count);
    std::vector<std::shared_ptr<const LoadedAdapter>> adapters{nullptr, adapter(0), adapter(1), adapter(2)};
    for (size_t i = 0; i < list.size(); i++) {
      list[i].adapter = adapters[i / 2 % adapters.size()];
      if (i % 5 == 0) list[i].choices = random_choices(i);
    }
    return list;
  }

  // The logits after a prompt and the generated tokens behind it, row by row and alone.
  std::vector<float> logits_after(const EngineRequest& request, const std::vector<TokenId>& generated) const {
    const Network& network = model_->network();
    const int prompt = static_cast<int>(request.prompt.size());
    ThreadPool pool(1);
    auto workspace = make_workspace(pool);
    const ContiguousState state(network, prompt + static_cast<int>(generated.size()));
    std::span<const float> logits;
    for (int i = 0; i < prompt + static_cast<int>(generated.size()); i++) {
      const bool is_prompt = i < prompt;
      Batch batch;
      batch.tokens = {is_prompt ? request.prompt[static_cast<size_t>(i)]
                                : generated[static_cast<size_t>(i - prompt)]};
      batch.sequences = {state.rows(0, 1, i, is_prompt ? RowKind::prompt : RowKind::generated)};
      if (request.adapter) batch.sequences[0].adapter = &request.adapter->adapter;
      batch.outputs = {0};
      logits = network.forward(batch, *workspace);
    }
    return {logits.begin(), logits.end()};
  }

  void expect_same_alone_and_together(const std::vector<EngineRequest>& list) const {
    std::vector<Answer> alone;
    for (const EngineRequest& request : list) alone.push_back(submit(*start(256, 1), request).get());
    auto engine = start(64, 2);
    for (int round = 0; round < 2; round++) {  // the second round finds its prefixes cached
      std::vector<std::future<Answer>> together;
      for (const EngineRequest& request : list) together.push_back(submit(*engine, request));
      int cached = 0;
      for (size_t i = 0; i < list.size(); i++) {
        const Answer answer = together[i].get();
        cached += answer.usage.cached_tokens;
        expect_equal(answer, alone[i]);
      }
      if (round == 1) {
        EXPECT_GT(cached, 0);
      }
    }
  }

  static void expect_equal(const Answer& a, const Answer& b) {
    ASSERT_EQ(a.tokens(), b.tokens());
    ASSERT_EQ(a.choice.has_value(), b.choice.has_value());
    if (a.choice) {
      ASSERT_EQ(a.choice->index, b.choice->index);
      ASSERT_EQ(std::memcmp(&a.choice->probability, &b.choice->probability, sizeof(double)), 0);
    }
    for (size_t i = 0; i < a.events.size(); i++) {
      ASSERT_EQ(std::memcmp(&*a.events[i].logprob, &*b.events[i].logprob, sizeof(float)), 0) << "token " << i;
    }
  }

  const KernelTable* kernels_ = nullptr;
  std::shared_ptr<const Model> model_;
};

TEST_P(ContractTest, ThirtyTwoStreamsAnswerAsAlone) { expect_same_alone_and_together(requests(32)); }

TEST_P(ContractTest, ThirtyTwoStreamsWithAdaptersAndChoicesAnswerAsAlone) {
  expect_same_alone_and_together(requests_with_adapters(32));
}

TEST_P(ContractTest, AnAdapterWithoutBChangesNothingAndOneWithBDoes) {
  for (EngineRequest request : requests(3)) {
    request.prompt_logprobs = true;
    auto engine = start(256, 2);
    const auto answer = [&](std::shared_ptr<const LoadedAdapter> adapter) {
      request.adapter = std::move(adapter);
      Answer found = submit(*engine, request).get();
      // The prompt's rows beside the answer's.
      found.events.insert(found.events.begin(), found.prompt_events.begin() + 1, found.prompt_events.end());
      return found;
    };
    const Answer base = answer(nullptr);
    expect_equal(answer(adapter(2, /*with_b=*/false)), base);
    EXPECT_NE(answer(adapter(2)).events[0].logprob, base.events[0].logprob);
  }
}

TEST_P(ContractTest, ChoicesHaveTheProbabilitiesOfTheirLogits) {
  auto engine = start(64, 2);
  auto list = requests(6);
  for (size_t i = 0; i < list.size(); i++) {
    list[i].choices = random_choices(i);
    if (i % 2 == 1) list[i].adapter = adapter(static_cast<int>(i / 2));
    if (i % 3 > 0) list[i].logprobs = -1;  // the head computes the choices' next tokens alone
    const Answer answer = submit(*engine, list[i]).get();
    const auto [choice, path] = expected_choice(
        *list[i].choices, [&](const std::vector<TokenId>& tokens) { return logits_after(list[i], tokens); });
    expect_same_choice(answer, choice);
    EXPECT_EQ(answer.usage.completion_tokens, static_cast<int>(path.size()));
  }
}

TEST_P(ContractTest, WantedLogitsHaveTheBitsOfAll) {
  const Network& network = model_->network();
  const auto vocabulary = static_cast<size_t>(network.vocabulary());
  ThreadPool pool(2);
  auto workspace = make_workspace(pool);
  const int prompt = 37, rows = prompt + 1;
  const ContiguousState a(network, prompt), b(network, 1);
  Batch batch;
  batch.tokens = random_tokens(static_cast<size_t>(rows), 5, network.vocabulary());
  batch.sequences = {a.rows(0, prompt, 0, RowKind::prompt), b.rows(prompt, 1, 0, RowKind::generated)};
  batch.outputs = {3, 20, prompt - 1, prompt};
  const auto forward = [&] {
    const auto logits = network.forward(batch, *workspace);
    return std::vector<float>(logits.begin(), logits.end());
  };
  const std::vector<float> all = forward();
  const int32_t middle = network.vocabulary() / 2;
  batch.wanted = {{{1, 2}, {5, 20}, {middle, middle + 1}, {network.vocabulary() - 1, network.vocabulary()}}};
  const ContiguousState again_a(network, prompt), again_b(network, 1);
  batch.sequences = {again_a.rows(0, prompt, 0, RowKind::prompt),
                     again_b.rows(prompt, 1, 0, RowKind::generated)};
  const std::vector<float> some = forward();
  ASSERT_EQ(some.size(), all.size());
  for (size_t row = 0; row < batch.outputs.size(); row++) {
    for (const TokenRange& range : *batch.wanted) {
      const size_t at = row * vocabulary + static_cast<size_t>(range.begin);
      ASSERT_EQ(
          std::memcmp(&some[at], &all[at], static_cast<size_t>(range.end - range.begin) * sizeof(float)), 0)
          << "row " << row << ", tokens from " << range.begin;
    }
  }
  batch.wanted = std::vector<TokenRange>{};
  EXPECT_EQ(forward().size(), all.size());
}

TEST_P(ContractTest, TheLargestLogitHasTheBitsOfAll) {
  const Network& network = model_->network();
  ThreadPool pool(2);
  auto workspace = make_workspace(pool);
  for (const int rows : {1, 2, 3}) {
    Batch batch;
    batch.tokens = random_tokens(static_cast<size_t>(rows), 6, network.vocabulary());
    const auto forward = [&](bool largest_only) {
      std::vector<ContiguousState> states;
      batch.sequences.clear(), batch.outputs.clear();
      for (int i = 0; i < rows; i++) {
        states.emplace_back(network, 1);
        batch.sequences.push_back(states.back().rows(i, 1, 0, RowKind::generated));
        batch.outputs.push_back(i);
      }
      batch.largest_only = largest_only;
      const auto logits = network.forward(batch, *workspace);
      return std::vector<float>(logits.begin(), logits.end());
    };
    const std::vector<float> all = forward(false), largest = forward(true);
    const auto vocabulary = static_cast<ptrdiff_t>(network.vocabulary());
    for (auto row = all.begin(), other = largest.begin(); row != all.end();
         row += vocabulary, other += vocabulary) {
      const auto best = std::max_element(row, row + vocabulary);
      const auto found = std::max_element(other, other + vocabulary);  // the first of equals in both
      EXPECT_EQ(found - other, best - row);
      EXPECT_EQ(*found, *best);
      for (ptrdiff_t i = 0; i < vocabulary; i++)
        ASSERT_TRUE(other[i] == row[i] || std::isinf(other[i])) << "token " << i;
    }
  }
}

// A guess is a generated row beside the row before it; where it was wrong, another takes its place.
TEST_P(ContractTest, GuessesChangeNoBit) {
  const Network& network = model_->network();
  if (network.snapshot_bytes() > 0) return;  // nothing is guessed there
  ThreadPool pool(2);
  auto workspace = make_workspace(pool);
  const int rows = 40;
  const std::vector<TokenId> tokens = random_tokens(rows, 7, network.vocabulary());
  const ContiguousState alone(network, rows), guessed(network, rows + 15);
  Batch batch;
  const auto forward = [&](const ContiguousState& state, int position, std::vector<TokenId> fed) {
    batch.tokens = std::move(fed);
    const int count = static_cast<int>(batch.tokens.size());
    batch.sequences = {state.rows(0, count, position, RowKind::generated)};
    batch.outputs.resize(static_cast<size_t>(count));
    std::iota(batch.outputs.begin(), batch.outputs.end(), 0);
    const auto logits = network.forward(batch, *workspace);
    return std::vector<float>(logits.begin(), logits.end());
  };
  std::vector<float> expected;
  for (int i = 0; i < rows; i++) {
    const std::vector<float> logits = forward(alone, i, {tokens[static_cast<size_t>(i)]});
    expected.insert(expected.end(), logits.begin(), logits.end());
  }
  const auto vocabulary = static_cast<size_t>(network.vocabulary());
  int right = 0;
  for (int i = 0, step = 0; i < rows; i += 1 + right, step++) {
    right = std::min(step % 4, rows - 1 - i);
    std::vector<TokenId> fed(tokens.begin() + i, tokens.begin() + i + 1 + right);
    for (int wrong = step * 5 % 8; wrong > 0; wrong--)
      fed.push_back((fed.back() + wrong) % network.vocabulary());
    const std::vector<float> logits = forward(guessed, i, fed);
    const size_t bytes = static_cast<size_t>(1 + right) * vocabulary * sizeof(float);
    ASSERT_EQ(std::memcmp(logits.data(), &expected[static_cast<size_t>(i) * vocabulary], bytes), 0)
        << "row " << i;
  }
}

TEST_P(ContractTest, CancelledRequestsLeaveNoTrace) {
  const auto list = requests(8);
  auto engine = start(32, 2);
  std::vector<Answer> before;
  for (const EngineRequest& request : list) before.push_back(submit(*engine, request).get());
  std::vector<std::future<Answer>> cancelled;
  for (EngineRequest request : list) {
    request.max_tokens = 200;
    cancelled.push_back(submit(*engine, request, nullptr, [&](RequestId id, size_t tokens) {
      if (tokens == 3) engine->cancel(id);
    }));
  }
  for (auto& future : cancelled) {
    const Answer answer = future.get();
    EXPECT_EQ(answer.reason, FinishReason::cancelled);
    EXPECT_LT(answer.events.size(), 200u);
  }
  EXPECT_EQ(engine->stats().kv_bytes_used, 0u);
  EXPECT_EQ(engine->stats().running, 0);
  for (size_t i = 0; i < list.size(); i++) expect_equal(submit(*engine, list[i]).get(), before[i]);
}

std::vector<Case> cases() {
  std::vector<Case> list;
  for (const std::string& table : table_names()) {
    for (const std::string& model : golden_names()) list.push_back({model, table});
    list.push_back({"gemma3", table, KvType::int8});  // full and window layers
  }
  for (KvType kv : {KvType::f16, KvType::int8}) {
    list.push_back({kQuantised, available_kernels().back()->name, kv});
  }
  return list;
}

INSTANTIATE_TEST_SUITE_P(Families, ContractTest, testing::ValuesIn(cases()), [](const auto& tested) {
  const Case& p = tested.param;
  return p.model + "_" + p.table + (p.kv == KvType::int8 ? "_int8_kv" : "");
});

}  // namespace
}  // namespace understudy
