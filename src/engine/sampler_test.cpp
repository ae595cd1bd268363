#include "engine/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <random>

#include "engine/philox.h"

namespace understudy {
namespace {

TEST(Philox, KnownAnswers) {  // Random123's kat_vectors
  using Block = std::array<uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

std::vector<float> random_logits(size_t n, uint64_t seed, double spread = 3) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, spread);
  std::vector<float> logits(n);
  for (float& logit : logits) logit = static_cast<float>(normal(random));
  return logits;
}

// The textbook pipeline in double, with full sorts: probability by token.
std::vector<double> reference(const std::vector<float>& logits, const SamplingParams& p,
                              const std::vector<TokenId>& prompt, const std::vector<TokenId>& answer) {
  size_t n = logits.size();
  std::vector<double> scores(logits.begin(), logits.end());
  for (auto [id, bias] : p.logit_bias) scores[static_cast<size_t>(id)] += static_cast<double>(bias);
  std::map<TokenId, int> seen;
  for (TokenId id : prompt) seen[id] += 0;
  for (TokenId id : answer) seen[id]++;
  for (auto [id, count] : seen) {
    double& score = scores[static_cast<size_t>(id)];
    double penalty = static_cast<double>(p.repetition_penalty);
    score = score < 0 ? score * penalty : score / penalty;
    score -= count * static_cast<double>(p.frequency_penalty) +
             (count > 0) * static_cast<double>(p.presence_penalty);
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  std::vector<double> probability(n, 0);
  auto normalise = [&] {
    double sum = std::accumulate(probability.begin(), probability.end(), 0.0);
    for (double& x : probability) x /= sum;
  };
  double temperature = static_cast<double>(p.temperature);
  size_t top_k = p.top_k > 0 ? std::min(static_cast<size_t>(p.top_k), n) : n;
  for (size_t i = 0; i < top_k; i++) {
    probability[order[i]] = std::exp((scores[order[i]] - scores[order[0]]) / temperature);
  }
  normalise();
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    if (sum >= static_cast<double>(p.top_p) && p.top_p < 1) probability[order[i]] = 0;
    sum += probability[order[i]];
  }
  normalise();
  double least = static_cast<double>(p.min_p) * probability[order[0]];
  for (double& x : probability) x = x < least ? 0 : x;
  normalise();
  return probability;
}

// Every position draws anew, so that 300 positions test 300 points of the distribution.
void expect_like_reference(const SamplingParams& params, size_t vocabulary, double spread = 3) {
  auto logits = random_logits(vocabulary, 7, spread);
  std::vector<TokenId> prompt = {1, 5, 5, 9}, answer = {2, 5, 2, 2};
  Sampler sampler(params, prompt);
  for (TokenId id : answer) sampler.accept(id);
  auto probability = reference(logits, params, prompt, answer);
  std::vector<double> cumulative(vocabulary);
  std::partial_sum(probability.begin(), probability.end(), cumulative.begin());
  for (int position = 0; position < 300; position++) {
    auto token = sampler.sample(logits, position);
    ASSERT_TRUE(token);
    double u = uniform_draw(params.seed, static_cast<uint64_t>(position));
    double end = cumulative[static_cast<size_t>(*token)],
           begin = end - probability[static_cast<size_t>(*token)];
    constexpr double kRounding = 1e-6;  // f32 against double
    ASSERT_LT(begin, end) << "impossible token at position " << position;
    ASSERT_GE(u, begin - kRounding) << "position " << position;
    ASSERT_LT(u, end + kRounding) << "position " << position;
  }
}

SamplingParams with(const std::function<void(SamplingParams&)>& change) {
  SamplingParams params;
  params.seed = 12345;
  change(params);
  return params;
}

TEST(Sampler, AgreesWithTheTextbook) {
  for (size_t vocabulary : {size_t{50}, size_t{1000}, size_t{5001}}) {
    SCOPED_TRACE(vocabulary);
    expect_like_reference(with([](auto&) {}), vocabulary);
    expect_like_reference(with([](auto& p) { p.temperature = 0.3f; }), vocabulary);
    expect_like_reference(with([](auto& p) { p.temperature = 2.5f; }), vocabulary);
    expect_like_reference(with([](auto& p) { p.top_k = 1; }), vocabulary);
    expect_like_reference(with([](auto& p) { p.top_k = 7; }), vocabulary);
    expect_like_reference(with([](auto& p) { p.top_k = 40, p.top_p = 0.8f; }), vocabulary);
    expect_like_reference(with([](auto& p) { p.top_k = 1 << 30; }), vocabulary);
    expect_like_reference(with([](auto& p) { p.top_p = 0.5f; }), vocabulary);
    expect_like_reference(with([](auto& p) { p.top_p = 0.95f; }), vocabulary, 1.0);
    expect_like_reference(with([](auto& p) { p.top_p = 0.999f; }), vocabulary, 0.01);
    expect_like_reference(with([](auto& p) { p.top_p = 1e-6f; }), vocabulary);
    expect_like_reference(with([](auto& p) { p.min_p = 0.1f; }), vocabulary);
    expect_like_reference(with([](auto& p) { p.min_p = 1; }), vocabulary);
    expect_like_reference(with([](auto& p) { p.top_k = 50, p.top_p = 0.9f, p.min_p = 0.2f; }), vocabulary);
  }
}

TEST(Sampler, PenaltiesAndBiasAgreeWithTheTextbook) {
  for (auto& params :
       {with([](auto& p) { p.repetition_penalty = 1.7f; }),
        with([](auto& p) { p.repetition_penalty = 0.5f, p.top_k = 5; }),
        with([](auto& p) { p.frequency_penalty = 1.5f; }), with([](auto& p) { p.presence_penalty = -2; }),
        with([](auto& p) { p.frequency_penalty = 0.5f, p.presence_penalty = 1, p.top_p = 0.9f; }),
        with([](auto& p) { p.logit_bias = {{3, 8.0f}, {4, -100.0f}, {5, 1.0f}}; }), with([](auto& p) {
          p.logit_bias = {{2, 6.0f}, {5, 6.0f}};
          p.repetition_penalty = 1.3f;
          p.frequency_penalty = 0.4f;
          p.presence_penalty = 0.3f;
          p.temperature = 0.8f;
          p.min_p = 0.02f;
        })}) {
    expect_like_reference(params, 64);
  }
}

// The most likely tokens first; index of a token: its id.
std::vector<float> descending_logits(size_t n) {
  std::vector<float> logits(n);
  for (size_t i = 0; i < n; i++) logits[i] = 10 - static_cast<float>(i);
  return logits;
}

TokenId greedy_after(SamplingParams params, const std::vector<TokenId>& prompt,
                     const std::vector<TokenId>& answer, const std::vector<float>& logits) {
  params.temperature = 0;
  Sampler sampler(params, prompt);
  for (TokenId id : answer) sampler.accept(id);
  return *sampler.sample(logits, 0);
}

// The longest earlier occurrence of the end without a breaker, by trying all: what each token loses.
std::map<TokenId, double> dry_reference(const SamplingParams& p, std::vector<TokenId> tokens) {
  const size_t last_n = static_cast<size_t>(p.dry_penalty_last_n);
  if (p.dry_penalty_last_n >= 0 && tokens.size() > last_n)
    tokens.erase(tokens.begin(), tokens.end() - p.dry_penalty_last_n);
  std::map<TokenId, double> lost;
  const size_t n = tokens.size();
  for (size_t next = 1; next < n; next++) {
    size_t length = 0;
    while (length < next && tokens[next - 1 - length] == tokens[n - 1 - length] &&
           !p.dry_sequence_breakers.contains(tokens[n - 1 - length])) {
      length++;
    }
    if (length < static_cast<size_t>(p.dry_allowed_length)) continue;
    const double penalty =
        static_cast<double>(p.dry_multiplier) *
        std::pow(static_cast<double>(p.dry_base), static_cast<double>(length) - p.dry_allowed_length);
    lost[tokens[next]] = std::max(lost[tokens[next]], penalty);
  }
  return lost;
}

// A bias that lifts a token by what it loses makes it tie with the untouched: its logit is seen through greedy
// choice against a probe token.
double lost_by(const SamplingParams& params, const std::vector<TokenId>& prompt,
               const std::vector<TokenId>& answer, TokenId id) {
  constexpr size_t kVocabulary = 12;
  double low = 0, high = 4096;
  for (int step = 0; step < 40; step++) {
    const double middle = (low + high) / 2;
    std::vector<float> logits(kVocabulary, -1e6f);
    logits[static_cast<size_t>(id)] = static_cast<float>(middle);
    logits[kVocabulary - 1] = 0;  // in no history
    (greedy_after(params, prompt, answer, logits) == id ? high : low) = middle;
  }
  return high;
}

TEST(Sampler, DryAgreesWithTheDefinition) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 60; round++) {
    const auto params = with([&](auto& p) {
      p.dry_multiplier = 0.8f, p.dry_base = round % 3 == 0 ? 1.0f : 1.75f;
      p.dry_allowed_length = 1 + static_cast<int>(random() % 3);
      p.dry_penalty_last_n = round % 2 == 0 ? -1 : static_cast<int>(random() % 12);
      if (round % 4 == 0) p.dry_sequence_breakers = {2};
    });
    std::vector<TokenId> prompt, answer;
    for (int i = 0; i < 12; i++) prompt.push_back(static_cast<TokenId>(random() % 4));
    for (int i = 0; i < 8; i++) answer.push_back(static_cast<TokenId>(random() % 4));
    std::vector<TokenId> tokens = prompt;
    tokens.insert(tokens.end(), answer.begin(), answer.end());
    auto expected = dry_reference(params, tokens);
    for (TokenId id = 0; id < 4; id++) {
      EXPECT_NEAR(lost_by(params, prompt, answer, id), expected[id], 1e-4 * (1 + expected[id]))
          << "round " << round;
    }
  }
}

TEST(Sampler, DryOfALongRepetitionLeavesTheTokensOrder) {
  std::vector<TokenId> answer(3000, 0);
  const auto params = with([](auto& p) { p.dry_multiplier = 100, p.dry_base = 100; });
  EXPECT_EQ(greedy_after(params, {}, answer, descending_logits(4)), 1);
  EXPECT_EQ(greedy_after(params, {}, answer, {5.0f}), 0);  // there is no other
}

TEST(Sampler, NoNgramOfTheAnswerComesTwice) {
  std::mt19937_64 random(12);
  for (int n : {1, 2, 3, 5}) {
    SCOPED_TRACE(n);
    SamplingParams params =
        with([&](auto& p) { p.no_repeat_ngram = n, p.dry_multiplier = n == 3 ? 0.5f : 0.0f; });
    const std::vector<TokenId> prompt = {0, 1, 2, 0, 1};
    Sampler sampler(params, prompt);
    std::map<std::vector<TokenId>, int> ngrams;
    std::vector<TokenId> answer;
    const std::vector<float> logits(40, 0.0f);
    for (int i = 0; i < 40; i++) {
      const auto token = sampler.sample(logits, i);
      ASSERT_TRUE(token);
      sampler.accept(*token);
      answer.push_back(*token);
      if (i + 1 >= n) {
        EXPECT_EQ((ngrams[{answer.end() - n, answer.end()}]++), 0) << "token " << i;
      }
    }
    if (n == 1) {
      EXPECT_EQ(sampler.sample(logits, 40), std::nullopt) << "every token is in the answer";
    }
  }
  // The prompt's n-grams do not count, and what is no repetition stays as likely as it was.
  const auto params = with([](auto& p) { p.no_repeat_ngram = 2; });
  EXPECT_EQ(greedy_after(params, {1, 0}, {1}, descending_logits(3)), 0);
  EXPECT_EQ(greedy_after(params, {}, {1, 0, 1}, descending_logits(3)), 1);
  EXPECT_EQ(greedy_after(params, {}, {1, 0, 1, 1, 1}, descending_logits(3)), 2);
}

// Logits of tokens that are not allowed are undefined: they would win.
TEST(Sampler, DrawsAmongTheAllowedAsIfThereWereNoOthers) {
  constexpr size_t kTokens = 300;
  const SamplingParams cases[] = {
      with([](SamplingParams& p) { p.temperature = 0; }),
      with([](SamplingParams&) {}),
      with([](SamplingParams& p) { p.top_k = 5; }),
      with([](SamplingParams& p) { p.top_p = 0.7f, p.min_p = 0.01f; }),
      with([](SamplingParams& p) { p.repetition_penalty = 1.5f, p.logit_bias = {{70, 2.0f}, {3, -1.0f}}; }),
  };
  for (const size_t step : {1u, 3u, 64u, 299u}) {
    const std::vector<float> known = random_logits(kTokens, step);
    std::vector<float> logits(kTokens, std::numeric_limits<float>::infinity());
    TokenMask allowed(kTokens + 100);  // masks may be padded
    allowed.set(kTokens + 50);
    std::vector<TokenId> ids;
    for (size_t id = 1; id < kTokens; id += step) ids.push_back(static_cast<TokenId>(id));
    for (const TokenId id : ids) {
      allowed.set(id);
      logits[static_cast<size_t>(id)] = known[static_cast<size_t>(id)];
    }
    double sum = 0;
    for (const TokenId id : ids) sum += static_cast<double>(share_of(logits, id, allowed));
    EXPECT_NEAR(sum, 1, 1e-5);
    for (const SamplingParams& p : cases) {
      // The same tokens under their places' numbers.
      std::vector<float> among;
      SamplingParams q = p;
      q.logit_bias.clear();
      std::vector<TokenId> history{7, 70}, history_among;
      for (size_t i = 0; i < ids.size(); i++) {
        among.push_back(known[static_cast<size_t>(ids[i])]);
        for (auto [id, bias] : p.logit_bias) {
          if (id == ids[i]) q.logit_bias[static_cast<TokenId>(i)] = bias;
        }
        for (const TokenId id : history) {
          if (id == ids[i]) history_among.push_back(static_cast<TokenId>(i));
        }
      }
      Sampler masked(p, history), alone(q, history_among);
      for (int position = 0; position < 50; position++) {
        const auto drawn = masked.sample(logits, position, &allowed);
        const auto expected = alone.sample(among, position);
        ASSERT_TRUE(drawn && expected);
        ASSERT_EQ(*drawn, ids[static_cast<size_t>(*expected)]);
      }
    }
  }
  const TokenMask none(kTokens);
  EXPECT_FALSE(Sampler(cases[0], {}).sample(std::vector<float>(kTokens, 1.0f), 0, &none));
}

TEST(Sampler, GreedyTakesTheLowestIdOfATie) {
  std::vector<float> logits(100, 0.0f);
  logits[37] = logits[38] = logits[99] = 2;
  Sampler greedy(with([](auto& p) { p.temperature = 0; }), {});
  EXPECT_EQ(greedy.sample(logits, 0), 37);
  Sampler cold(with([](auto& p) { p.temperature = 1e-30f, p.top_k = 1; }), {});
  EXPECT_EQ(cold.sample(logits, 0), 37);
}

TEST(Sampler, TopKKeepsTheLowerIdsOfATie) {
  std::vector<float> logits(50, 1.0f);
  Sampler sampler(with([](auto& p) { p.top_k = 3; }), {});
  for (int position = 0; position < 200; position++) EXPECT_LT(sampler.sample(logits, position), 3);
}

TEST(Sampler, NotANumberIsImpossibleAndNothingIsNoToken) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN(),
                  kInfinity = std::numeric_limits<float>::infinity();
  for (auto& params : {with([](auto& p) { p.temperature = 0; }), with([](auto&) {}),
                       with([](auto& p) { p.top_k = 4; }), with([](auto& p) { p.top_p = 0.9f; }),
                       with([](auto& p) { p.min_p = 0.1f; }), with([](auto& p) { p.logit_bias[1] = 1; })}) {
    Sampler sampler(params, {});
    for (size_t n : {size_t{1}, size_t{17}, size_t{3000}}) {
      std::vector<float> logits(n, kNaN);
      EXPECT_EQ(sampler.sample(n == 1 ? std::vector<float>(2, kNaN) : logits, 5), std::nullopt);
      logits.assign(n + 1, -kInfinity);
      EXPECT_EQ(sampler.sample(logits, 5), std::nullopt);
      logits.assign(n + 1, kNaN);
      logits[n] = -3;
      EXPECT_EQ(sampler.sample(logits, 5), static_cast<TokenId>(n));
      logits[n / 2] = kInfinity;
      EXPECT_EQ(sampler.sample(logits, 5), static_cast<TokenId>(n / 2));
    }
  }
}

TEST(Sampler, DrawsFollowTheDistribution) {
  constexpr size_t kTokens = 40;
  constexpr int kDraws = 40000;
  auto logits = random_logits(kTokens, 3, 1);
  for (uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{0xfeedfacecafebeef}}) {
    SamplingParams params;
    params.seed = seed;
    auto probability = reference(logits, params, {}, {});
    std::vector<int> count(kTokens, 0);
    Sampler sampler(params, {});
    for (int position = 0; position < kDraws; position++)
      count[static_cast<size_t>(*sampler.sample(logits, position))]++;
    double chi_square = 0;
    for (size_t i = 0; i < kTokens; i++) {
      double expected = probability[i] * kDraws;
      chi_square += (count[i] - expected) * (count[i] - expected) / expected;
    }
    EXPECT_LT(chi_square, 72.05);  // 39 degrees of freedom, p = 0.001
    EXPECT_GT(chi_square, 15.0);   // p = 0.9998: too good to be random
  }
}

TEST(Sampler, SeedAndPositionDecideTheDraw) {
  auto logits = random_logits(2000, 4, 1);
  auto tokens = [&](uint64_t seed) {
    SamplingParams params;
    params.seed = seed;
    Sampler sampler(params, {});
    std::vector<TokenId> drawn;
    for (int position = 0; position < 50; position++) drawn.push_back(*sampler.sample(logits, position));
    return drawn;
  };
  EXPECT_EQ(tokens(1), tokens(1));
  EXPECT_NE(tokens(1), tokens(2));
  EXPECT_NE(tokens(1), tokens(uint64_t{1} << 32));
}

TEST(Logprobs, AreThoseOfTheUnmodifiedDistribution) {
  for (size_t n : {size_t{3}, size_t{100}, size_t{4097}}) {
    auto logits = random_logits(n, 9);
    double max = static_cast<double>(*std::max_element(logits.begin(), logits.end())), sum = 0;
    for (float logit : logits) sum += std::exp(static_cast<double>(logit) - max);
    auto expected = [&](TokenId id) {
      return static_cast<double>(logits[static_cast<size_t>(id)]) - max - std::log(sum);
    };
    TokenEvent event = with_logprobs(logits, 2, 5);
    EXPECT_EQ(event.id, 2);
    EXPECT_NEAR(static_cast<double>(*event.logprob), expected(2), 2e-6);
    ASSERT_EQ(event.top.size(), std::min<size_t>(5, n));
    std::vector<float> sorted = logits;
    std::sort(sorted.rbegin(), sorted.rend());
    for (size_t i = 0; i < event.top.size(); i++) {
      EXPECT_EQ(logits[static_cast<size_t>(event.top[i].id)], sorted[i]);
      EXPECT_NEAR(static_cast<double>(event.top[i].logprob), expected(event.top[i].id), 2e-6);
    }
    EXPECT_TRUE(with_logprobs(logits, 0, 0).top.empty());
  }
}

TEST(Logprobs, SurviveNotANumber) {
  std::vector<float> logits = {1, std::numeric_limits<float>::quiet_NaN(), 1,
                               -std::numeric_limits<float>::infinity()};
  EXPECT_EQ(*with_logprobs(logits, 1, 0).logprob, -std::numeric_limits<float>::infinity());
  TokenEvent event = with_logprobs(logits, 0, 4);
  EXPECT_NEAR(*event.logprob, std::log(0.5f), 1e-6f);
  EXPECT_EQ(event.top.size(), 2u);
}

TEST(CheckSampling, NamesTheParameterOutOfRange) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN(),
                  kInfinity = std::numeric_limits<float>::infinity();
  auto where = [](const SamplingParams& params) {
    Status status = check_sampling(params, 100);
    return status.ok() ? "" : status.error().where;
  };
  EXPECT_EQ(where({}), "");
  for (float bad : {-1.0f, kNaN, kInfinity, 1e38f})
    EXPECT_EQ(where(with([&](auto& p) { p.temperature = bad; })), "temperature");
  for (float bad : {0.0f, -0.1f, 1.1f, kNaN})
    EXPECT_EQ(where(with([&](auto& p) { p.top_p = bad; })), "top_p");
  for (float bad : {-0.1f, 1.1f, kNaN}) EXPECT_EQ(where(with([&](auto& p) { p.min_p = bad; })), "min_p");
  EXPECT_EQ(where(with([](auto& p) { p.top_k = -1; })), "top_k");
  for (float bad : {0.0f, -1.0f, kNaN, kInfinity}) {
    EXPECT_EQ(where(with([&](auto& p) { p.repetition_penalty = bad; })), "repetition_penalty");
  }
  for (float bad : {kNaN, kInfinity}) {
    EXPECT_EQ(where(with([&](auto& p) { p.frequency_penalty = bad; })), "frequency_penalty");
    EXPECT_EQ(where(with([&](auto& p) { p.presence_penalty = bad; })), "presence_penalty");
    EXPECT_EQ(where(with([&](auto& p) { p.logit_bias[1] = bad; })), "logit_bias");
  }
  for (float bad : {-0.1f, kNaN, kInfinity}) {
    EXPECT_EQ(where(with([&](auto& p) { p.dry_multiplier = bad; })), "dry_multiplier");
    EXPECT_EQ(where(with([&](auto& p) { p.dry_base = bad; })), "dry_base");
  }
  EXPECT_EQ(where(with([](auto& p) { p.dry_base = 0.99f; })), "dry_base");
  EXPECT_EQ(where(with([](auto& p) { p.dry_allowed_length = 0; })), "dry_allowed_length");
  EXPECT_EQ(where(with([](auto& p) { p.dry_penalty_last_n = -2; })), "dry_penalty_last_n");
  EXPECT_EQ(where(with([](auto& p) { p.dry_sequence_breakers = {100}; })), "dry_sequence_breakers");
  EXPECT_EQ(where(with([](auto& p) { p.no_repeat_ngram = -1; })), "no_repeat_ngram");
  EXPECT_EQ(where(with([](auto& p) { p.logit_bias[100] = 1; })), "logit_bias");
  EXPECT_EQ(where(with([](auto& p) { p.logit_bias[-1] = 1; })), "logit_bias");
}

}  // namespace
}  // namespace understudy
