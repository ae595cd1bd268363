#include "engine/draft_index.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace understudy {

namespace {

constexpr int kMostPlaces = 32;
constexpr int kMostAlike = 64;

size_t hash(std::span<const TokenId> last) {
  uint64_t value = 0;
  for (const TokenId id : last) value = value << 32 | static_cast<uint32_t>(id);
  return static_cast<size_t>(value * 0x9E3779B97F4A7C15 >> 32);  // Knuth's multiplicative hashing
}

}  // namespace

void DraftIndex::add(std::span<const TokenId> tokens) {
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  add(pairs_);
  add(singles_);
}

void DraftIndex::add_answer(std::span<const TokenId> prompt, std::span<const TokenId> answer) {
  constexpr size_t kLead = 4;
  add(prompt.last(std::min(kLead, prompt.size())));
  add(answer);
  add({&kBetweenTexts, 1});
}

void DraftIndex::add(Chains& chains) {
  if (tokens_.size() > chains.heads.size()) {
    chains.heads.assign(std::bit_ceil(2 * tokens_.size()), -1);
    chains.previous.clear();
  }
  for (size_t i = chains.previous.size(); i + 1 < tokens_.size(); i++) {
    int32_t before = -1;
    if (i + 1 >= chains.order) {
      const size_t h = hash(std::span(tokens_).subspan(i + 1 - chains.order, chains.order));
      before = std::exchange(chains.heads[h & (chains.heads.size() - 1)], static_cast<int32_t>(i));
    }
    chains.previous.push_back(before);
  }
}

void DraftIndex::truncate(size_t size) {
  truncate(pairs_, size);
  truncate(singles_, size);
  tokens_.resize(std::min(size, tokens_.size()));
}

void DraftIndex::truncate(Chains& chains, size_t size) {
  while (!chains.previous.empty() && chains.previous.size() + 1 > size) {
    const size_t i = chains.previous.size() - 1;
    if (i + 1 >= chains.order) {
      const size_t h = hash(std::span(tokens_).subspan(i + 1 - chains.order, chains.order));
      chains.heads[h & (chains.heads.size() - 1)] = chains.previous[i];
    }
    chains.previous.pop_back();
  }
}

int DraftIndex::alike(size_t i, std::span<const TokenId> text) const {
  const size_t most = std::min({i + 1, text.size(), size_t{kMostAlike}});
  size_t n = 0;
  while (n < most && tokens_[i - n] == text[text.size() - 1 - n] && tokens_[i - n] != kBetweenTexts) n++;
  return static_cast<int>(n);
}

std::vector<DraftIndex::Place> DraftIndex::places(const Chains& chains, std::span<const TokenId> text) const {
  std::vector<Place> found;
  if (text.size() < chains.order) return found;
  int32_t place = chains.heads[hash(text.last(chains.order)) & (chains.heads.size() - 1)];
  int most = 0;
  for (int tried = 0; place >= 0 && tried < kMostPlaces; tried++) {
    const auto i = static_cast<size_t>(place);
    const int length = alike(i, text);
    if (length >= static_cast<int>(chains.order)) found.push_back({i + 1, length});
    most = std::max(most, length);
    place = chains.previous[i];
  }
  std::erase_if(found, [&](const Place& p) { return 2 * p.alike < most; });
  return found;
}

std::vector<Guess> DraftIndex::after(std::span<const TokenId> text, int most) const {
  std::vector<Place> now = places(pairs_, text);
  if (now.empty()) now = places(singles_, text);
  std::vector<Guess> guesses;
  // What reaches the end of all goes on with itself.
  const auto at = [&](size_t i) {
    return i < tokens_.size() ? tokens_[i] : guesses[i - tokens_.size()].token;
  };
  while (!now.empty() && static_cast<int>(guesses.size()) < most) {
    const Place best = *std::max_element(now.begin(), now.end(),
                                         [](const Place& a, const Place& b) { return a.alike < b.alike; });
    const TokenId token = at(best.next);
    if (token == kBetweenTexts) break;
    const size_t before = now.size();
    std::erase_if(now, [&](const Place& p) { return at(p.next) != token; });
    guesses.push_back({token, best.alike, now.size() == before});
    for (Place& p : now) p.next++, p.alike++;
  }
  return guesses;
}

}  // namespace understudy
