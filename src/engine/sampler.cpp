#include "engine/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "engine/limits.h"
#include "engine/philox.h"

namespace understudy {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// exp of less is below f32's normal range; relative to the most likely token it is nothing.
constexpr float kNegligible = -87.0f;
// Logits are f32 of magnitude ~10, one step ~1e-6: below this temperature only ties remain, as at this one.
constexpr float kMinTemperature = 1e-6f;
constexpr int kLanes = 16;       // independent accumulators, so that the compiler may use vectors
constexpr size_t kBlock = 1024;  // tokens whose weights are summed in f32 before they enter a double

// exp(x) for x in [kNegligible, 0], relative error below 2e-7. Range reduction by Cody and Waite; Cephes'
// polynomial.
inline float exp_in_range(float x) {
  constexpr float kRound =
      12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low mantissa bits
  float shifted = x * 1.44269504f + kRound;
  float n = shifted - kRound;
  float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  uint32_t exponent = (std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(kRound) + 127u) << 23;
  return p * std::bit_cast<float>(exponent);
}

// Weights relative to the most likely token: exp((logit - max) / temperature), 0 below `floor` (and for NaN).
struct Weights {
  float max, inverse_temperature;
  float floor = kNegligible;

  float exponent(float logit) const { return (logit - max) * inverse_temperature; }
  float of_exponent(float x) const {
    float weight = exp_in_range(x > kNegligible ? x : kNegligible);
    return x >= floor ? weight : 0.0f;
  }
  float operator()(float logit) const { return of_exponent(exponent(logit)); }

  double sum(const float* logits, size_t n) const {
    float lanes[kLanes] = {};
    size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      for (int j = 0; j < kLanes; j++) lanes[j] += (*this)(logits[i + j]);
    }
    for (int j = 0; i < n; i++, j++) lanes[j] += (*this)(logits[i]);
    double total = 0;
    for (float lane : lanes) total += lane;
    return total;
  }
};

double total_weight(std::span<const float> logits, const Weights& weights) {
  double total = 0;
  for (size_t i = 0; i < logits.size(); i += kBlock) {
    total += weights.sum(&logits[i], std::min(kBlock, logits.size() - i));
  }
  return total;
}

// NaN is ignored; -infinity if nothing is left.
float maximum(std::span<const float> logits) {
  float lanes[kLanes];
  std::fill_n(lanes, kLanes, -kInfinity);
  size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    for (int j = 0; j < kLanes; j++) lanes[j] = logits[i + j] > lanes[j] ? logits[i + j] : lanes[j];
  }
  for (; i < logits.size(); i++) lanes[0] = logits[i] > lanes[0] ? logits[i] : lanes[0];
  return *std::max_element(lanes, lanes + kLanes);
}

struct Candidate {
  float logit;
  TokenId id;
  float weight = 0;
  bool operator<(const Candidate& other) const {  // most likely first
    return logit != other.logit ? logit > other.logit : id < other.id;
  }
};

// The k largest logits in no order, ties to the lower id. Keeps at most 2k candidates and a rising threshold,
// so that almost all of the vocabulary costs one comparison.
std::vector<Candidate> largest(std::span<const float> logits, size_t k) {
  std::vector<Candidate> found;
  if (k == 0) return found;
  float threshold = -kInfinity;
  auto shrink = [&] {
    std::nth_element(found.begin(), found.begin() + static_cast<ptrdiff_t>(k - 1), found.end());
    found.resize(k);
    threshold = found[k - 1].logit;
  };
  for (size_t i = 0; i < logits.size(); i++) {
    if (!(logits[i] > threshold)) continue;  // ids ascend, so an equal logit loses the tie
    found.push_back({logits[i], static_cast<TokenId>(i), 0});
    if (found.size() == 2 * k) shrink();
  }
  if (found.size() > k) shrink();
  return found;
}

double sum_of(const std::vector<Candidate>& candidates) {
  double total = 0;
  for (const Candidate& c : candidates) total += c.weight;
  return total;
}

// Cuts to the fewest most likely candidates that together hold `mass`; keeps their order. Finds the last of
// them by halving, in linear time: a flat distribution over 262,144 tokens would take long to sort.
void keep_mass(std::vector<Candidate>& candidates, double mass) {
  std::vector<Candidate> parts = candidates;
  auto low = parts.begin(), high = parts.end();  // those before low are kept, those from high on are not
  double sum = 0;
  while (high - low > 1) {
    auto middle = low + (high - low) / 2;
    std::nth_element(low, middle, high);
    double half = 0;
    for (auto it = low; it != middle; ++it) half += it->weight;
    if (sum + half >= mass) {
      high = middle;
    } else {
      sum += half;
      low = middle;
    }
  }
  std::erase_if(candidates, [last = *low](const Candidate& c) { return last < c; });
}

// Candidates, weighed and in id order, that hold top_p of the whole distribution. Looks at the likeliest
// tokens first, which are few unless the distribution is flat.
std::vector<Candidate> nucleus(std::span<const float> logits, const Weights& weights, float top_p) {
  double mass = total_weight(logits, weights) * static_cast<double>(top_p);
  std::vector<Candidate> found;
  for (float threshold : {-3.0f, -6.0f, -12.0f, kNegligible}) {
    found.clear();
    for (size_t i = 0; i < logits.size(); i++) {
      float x = weights.exponent(logits[i]);
      if (x >= threshold) found.push_back({logits[i], static_cast<TokenId>(i), weights.of_exponent(x)});
    }
    if (sum_of(found) >= mass) break;
  }
  keep_mass(found, mass);
  return found;
}

// Inverse of the cumulative distribution of candidates in id order, at u in [0, 1).
TokenId draw_from(const std::vector<Candidate>& candidates, double u) {
  double target = u * sum_of(candidates), sum = 0;
  for (const Candidate& c : candidates) {
    sum += c.weight;
    if (sum > target) return c.id;
  }
  return candidates.back().id;
}

// The same over the whole vocabulary: sums by block, then a walk inside the block that holds the target.
TokenId draw_from_all(std::span<const float> logits, const Weights& weights, double u) {
  std::vector<double> sums;
  double total = 0;
  for (size_t i = 0; i < logits.size(); i += kBlock) {
    sums.push_back(weights.sum(&logits[i], std::min(kBlock, logits.size() - i)));
    total += sums.back();
  }
  double target = u * total, before = 0;
  size_t block = 0;
  while (block + 1 < sums.size() && before + sums[block] <= target) before += sums[block++];
  while (sums[block] == 0)
    block--;  // u close to 1 and nothing likely at the end: the last block that has weight
  size_t begin = block * kBlock, end = std::min(begin + kBlock, logits.size());
  TokenId last = 0;
  double sum = before;
  for (size_t i = begin; i < end; i++) {
    float weight = weights(logits[i]);
    if (weight == 0) continue;
    sum += weight;
    last = static_cast<TokenId>(i);
    if (sum > target) break;
  }
  return last;
}

// For every token, how many tokens up to and with it equal as many at the end. Gusfield's Z algorithm ("Algorithms on
// Strings, Trees, and Sequences", 1997), from the end: linear, also for a text of one token.
std::vector<size_t> suffix_matches(std::span<const TokenId> tokens) {
  const size_t n = tokens.size();
  std::vector<size_t> lengths(n, n);  // by distance from the end
  auto from_end = [&](size_t i) { return tokens[n - 1 - i]; };
  for (size_t i = 1, begin = 0, end = 0; i < n; i++) {  // [begin, end): the match that reaches furthest
    size_t length = i < end ? std::min(lengths[i - begin], end - i) : 0;
    while (i + length < n && from_end(length) == from_end(i + length)) length++;
    lengths[i] = length;
    if (i + length > end) begin = i, end = i + length;
  }
  std::reverse(lengths.begin(), lengths.end());
  return lengths;
}

// Finite, so that a token that nothing else is left of can still be drawn.
float dry_penalty(const SamplingParams& params, size_t length) {
  constexpr double kMost = 1e30;
  double penalty = static_cast<double>(params.dry_multiplier);
  for (auto n = static_cast<size_t>(params.dry_allowed_length); n < length && penalty < kMost; n++) {
    penalty *= static_cast<double>(params.dry_base);
    if (params.dry_base == 1) break;
  }
  return static_cast<float>(std::min(penalty, kMost));
}

// The logits of `tokens`.
std::vector<float> logits_of(std::span<const float> logits, const std::vector<TokenId>& tokens) {
  std::vector<float> out;
  out.reserve(tokens.size());
  for (const TokenId id : tokens) out.push_back(logits[static_cast<size_t>(id)]);
  return out;
}

Error out_of_range(const char* name, double value, const char* range) {
  return {ErrorCode::invalid_argument,
          std::string(name) + " is " + std::to_string(value) + ", expected " + range, name, ""};
}

}  // namespace

Status check_sampling(const SamplingParams& p, int vocabulary) {
  auto in = [](float value, float low, float high) {
    return value >= low && value <= high;
  };  // false for NaN
  if (!in(p.temperature, 0, 100)) return out_of_range("temperature", p.temperature, "0 to 100");
  if (p.top_k < 0) return out_of_range("top_k", p.top_k, "0 (off) or more");
  if (!in(p.top_p, 0, 1) || p.top_p == 0) return out_of_range("top_p", p.top_p, "more than 0, at most 1");
  if (!in(p.min_p, 0, 1)) return out_of_range("min_p", p.min_p, "0 to 1");
  if (!in(p.repetition_penalty, 0.01f, 100)) {
    return out_of_range("repetition_penalty", p.repetition_penalty, "0.01 to 100");
  }
  if (!in(p.frequency_penalty, -100, 100))
    return out_of_range("frequency_penalty", p.frequency_penalty, "-100 to 100");
  if (!in(p.presence_penalty, -100, 100))
    return out_of_range("presence_penalty", p.presence_penalty, "-100 to 100");
  if (!in(p.dry_multiplier, 0, 100)) return out_of_range("dry_multiplier", p.dry_multiplier, "0 to 100");
  if (!in(p.dry_base, 1, 100)) return out_of_range("dry_base", p.dry_base, "1 to 100");
  if (p.dry_allowed_length < 1) return out_of_range("dry_allowed_length", p.dry_allowed_length, "1 or more");
  if (p.dry_penalty_last_n < -1)
    return out_of_range("dry_penalty_last_n", p.dry_penalty_last_n, "-1 (all) or more");
  for (TokenId id : p.dry_sequence_breakers) {
    if (id < 0 || id >= vocabulary)
      return out_of_range("dry_sequence_breakers", id, "token ids of the model");
  }
  if (p.no_repeat_ngram < 0) return out_of_range("no_repeat_ngram", p.no_repeat_ngram, "0 (off) or more");
  if (p.logit_bias.size() > kMaxLogitBias) {
    return out_of_range("logit_bias", static_cast<double>(p.logit_bias.size()), "at most 65536 entries");
  }
  for (auto [id, bias] : p.logit_bias) {
    if (id < 0 || id >= vocabulary) return out_of_range("logit_bias", id, "token ids of the model");
    if (!in(bias, -1000, 1000)) return out_of_range("logit_bias", bias, "-1000 to 1000");
  }
  return {};
}

Sampler::Sampler(SamplingParams params, std::span<const TokenId> prompt)
    : params_(std::move(params)),
      penalties_(params_.repetition_penalty != 1 || params_.frequency_penalty != 0 ||
                 params_.presence_penalty != 0),
      dry_(params_.dry_multiplier > 0 && params_.dry_penalty_last_n != 0) {
  if (dry_) tokens_.assign(prompt.begin(), prompt.end());
  answer_begin_ = tokens_.size();
  if (params_.repetition_penalty == 1) return;  // the others count the answer only
  for (TokenId id : prompt) history_.emplace(id, 0);
}

void Sampler::accept(TokenId id) {
  if (penalties_) history_[id]++;
  if (dry_ || params_.no_repeat_ngram > 0) tokens_.push_back(id);
}

void Sampler::forget(std::span<const TokenId> tokens) {
  for (const TokenId id : tokens) {
    if (penalties_) history_[id]--;
  }
  if (dry_ || params_.no_repeat_ngram > 0) tokens_.resize(tokens_.size() - tokens.size());
}

bool Sampler::takes_largest() const { return params_.temperature == 0 && !adjusts(); }

std::span<const float> Sampler::adjusted(std::span<const float> logits) {
  if (!adjusts()) return logits;
  scratch_.assign(logits.begin(), logits.end());
  for (auto [id, bias] : params_.logit_bias) scratch_[static_cast<size_t>(id)] += bias;
  for (auto [id, count] : history_) {
    float& logit = scratch_[static_cast<size_t>(id)];
    // Keskar et al., "CTRL" (arXiv 1909.05858), with the sign rule of transformers'
    // RepetitionPenaltyLogitsProcessor.
    logit = logit < 0 ? logit * params_.repetition_penalty : logit / params_.repetition_penalty;
    if (count > 0) {
      logit -= static_cast<float>(count) * params_.frequency_penalty + params_.presence_penalty;
    }
  }
  if (dry_) penalise_repetition();
  if (params_.no_repeat_ngram > 0) forbid_ngrams();
  return scratch_;
}

// https://github.com/oobabooga/text-generation-webui/pull/5677
void Sampler::penalise_repetition() {
  std::span<const TokenId> tokens = tokens_;
  const auto last_n = static_cast<size_t>(params_.dry_penalty_last_n);
  if (params_.dry_penalty_last_n > 0 && tokens.size() > last_n) tokens = tokens.last(last_n);
  size_t limit = 0;  // tokens since the last breaker
  while (limit < tokens.size() &&
         !params_.dry_sequence_breakers.contains(tokens[tokens.size() - 1 - limit])) {
    limit++;
  }
  const auto allowed = static_cast<size_t>(params_.dry_allowed_length);
  if (limit < allowed) return;
  const std::vector<size_t> matches = suffix_matches(tokens);
  std::unordered_map<TokenId, size_t> longest;  // repetition that a token goes on with
  for (size_t i = 0; i + 1 < tokens.size(); i++) {
    const size_t length = std::min(matches[i], limit);
    if (length < allowed) continue;
    size_t& known = longest[tokens[i + 1]];
    known = std::max(known, length);
  }
  for (auto [id, length] : longest) scratch_[static_cast<size_t>(id)] -= dry_penalty(params_, length);
}

void Sampler::forbid_ngrams() {
  const std::span<const TokenId> answer = std::span(tokens_).subspan(answer_begin_);
  const auto before =
      static_cast<size_t>(params_.no_repeat_ngram) - 1;  // tokens before the last of an n-gram
  if (answer.size() <= before) return;
  const std::vector<size_t> matches = suffix_matches(answer);
  for (size_t i = before; i < answer.size(); i++) {
    if (before == 0 || matches[i - 1] >= before) scratch_[static_cast<size_t>(answer[i])] = -kInfinity;
  }
}

std::optional<TokenId> Sampler::sample(std::span<const float> logits, int position,
                                       const TokenMask* allowed) {
  logits = adjusted(logits);
  if (!allowed) return draw(logits, position);
  // Drawn among their logits alone, which may be a handful.
  const std::vector<TokenId> tokens = allowed->tokens(logits.size());
  const std::optional<TokenId> place = draw(logits_of(logits, tokens), position);
  if (!place) return std::nullopt;
  return tokens[static_cast<size_t>(*place)];
}

std::optional<TokenId> Sampler::draw(std::span<const float> logits, int position) const {
  float max = maximum(logits);
  if (max == -kInfinity) return std::nullopt;
  if (params_.temperature == 0 || max == kInfinity) {
    return static_cast<TokenId>(std::find(logits.begin(), logits.end(), max) - logits.begin());
  }
  Weights weights{max, 1.0f / std::max(params_.temperature, kMinTemperature)};
  float floor = params_.min_p > 0 ? std::max(std::log(params_.min_p), kNegligible) : kNegligible;
  double u = uniform_draw(params_.seed, static_cast<uint64_t>(position));

  size_t top_k = static_cast<size_t>(params_.top_k);
  bool limited = top_k > 0 && top_k < logits.size();
  if (!limited && params_.top_p >= 1) {
    weights.floor = floor;
    return draw_from_all(logits, weights, u);
  }
  std::vector<Candidate> candidates;
  if (limited) {
    candidates = largest(logits, top_k);
    std::sort(candidates.begin(), candidates.end(), [](auto& a, auto& b) { return a.id < b.id; });
    for (Candidate& c : candidates) c.weight = weights(c.logit);
    if (params_.top_p < 1) keep_mass(candidates, sum_of(candidates) * static_cast<double>(params_.top_p));
  } else {
    candidates = nucleus(logits, weights, params_.top_p);
  }
  float least = weights.of_exponent(floor);
  std::erase_if(candidates, [&](const Candidate& c) { return c.weight < least; });
  return draw_from(candidates, u);
}

TokenEvent with_logprobs(std::span<const float> logits, TokenId id, int top) {
  float max = maximum(logits);
  TokenEvent event;
  event.id = id;
  if (!std::isfinite(max)) {  // no distribution
    event.logprob = -kInfinity;
    return event;
  }
  Weights weights{max, 1.0f};
  double log_sum = static_cast<double>(max) + std::log(total_weight(logits, weights));
  auto logprob = [&](float logit) {
    return std::isnan(logit) ? -kInfinity : static_cast<float>(static_cast<double>(logit) - log_sum);
  };
  event.logprob = logprob(logits[static_cast<size_t>(id)]);
  auto best = largest(logits, static_cast<size_t>(top));
  std::sort(best.begin(), best.end());
  for (const Candidate& c : best) event.top.push_back({c.id, logprob(c.logit)});
  return event;
}

float share_of(std::span<const float> logits, TokenId id, const TokenMask& allowed) {
  const std::vector<float> among = logits_of(logits, allowed.tokens(logits.size()));
  const float max = maximum(among);
  if (!std::isfinite(max)) return 0;
  const Weights weights{max, 1.0f};
  const double total = total_weight(among, weights);
  return static_cast<float>(static_cast<double>(weights(logits[static_cast<size_t>(id)])) / total);
}

}  // namespace understudy
