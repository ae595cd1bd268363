#include "grammar/state_mask.h"

#include <bit>
#include <numeric>

namespace understudy {

namespace {

constexpr size_t kMany = 512;              // tokens from which a mask of bits is faster than a list
constexpr size_t kNamedStates = 192;       // automata of more states are not compared
constexpr size_t kMaxDifference = 20'000;  // nodes; a full walk sees some 300,000

// States that fewer bytes leave are no free text with exceptions; walking them alone is short.
constexpr int kLikeFreeText = 32;

int open_bytes(const ByteDfa& dfa, int32_t state) {
  int count = 0;
  for (int byte = 0; byte < 256; byte++) count += dfa.next(state, static_cast<uint8_t>(byte)) >= 0;
  return count;
}

int32_t place_of(std::vector<int32_t>& labels, int32_t label) {
  const auto it = std::find(labels.begin(), labels.end(), label);
  if (it != labels.end()) return static_cast<int32_t>(it - labels.begin());
  labels.push_back(label);
  return static_cast<int32_t>(labels.size()) - 1;
}

using EndTexts = std::vector<std::pair<int32_t, std::vector<std::pair<std::string, ByteTrie::Entry>>>>;

// All tokens under `node`, with their bytes behind it.
void add_ends(const ByteTrie& trie, size_t node, uint16_t characters, int32_t place, EndTexts& ends) {
  const auto& nodes = trie.nodes();
  auto list = std::find_if(ends.begin(), ends.end(), [&](const auto& e) { return e.first == place; });
  if (list == ends.end()) list = ends.insert(ends.end(), {place, {}});
  std::string text;
  for (size_t n = node; n < nodes[node].end; n++) {
    text.resize(nodes[n].depth - nodes[node].depth);
    if (n > node) text.back() = static_cast<char>(nodes[n].byte);
    for (uint32_t e = nodes[n].first; e < nodes[n].last; e++) {
      list->second.emplace_back(text, ByteTrie::Entry{trie.entries()[e].id, characters});
    }
  }
}

StateMask::Ends tries_of(EndTexts texts) {
  StateMask::Ends ends;
  for (auto& [place, list] : texts) ends.emplace_back(place, ByteTrie(std::move(list)));
  return ends;
}

// What the automaton does from `state` on, as bytes: equal for states that let the same texts through, if
// their automata are minimal. Labels are named by the order in which they are met, and listed. Empty for an
// automaton of too many states.
std::string name_of(const ByteDfa& dfa, int32_t state, std::vector<int32_t>& labels) {
  std::string name(dfa.counted() ? "#" : " ");
  std::vector<int32_t> order{state};
  std::unordered_map<int32_t, int32_t> number{{state, 0}};
  const auto put = [&](int32_t n) { name.append(reinterpret_cast<const char*>(&n), sizeof(n)); };
  for (size_t i = 0; i < order.size(); i++) {
    if (order.size() > kNamedStates) return "";
    const auto s = static_cast<size_t>(order[i]);
    put(dfa.passed(order[i]) ? place_of(labels, dfa.passed(order[i])) : -1);
    name += dfa.boundary[s] ? '|' : ' ';
    int32_t before = -2;
    for (int byte = 0; byte < 256; byte++) {
      const int32_t to = dfa.next(order[i], static_cast<uint8_t>(byte));
      if (to == before) continue;
      before = to;
      name += static_cast<char>(byte);
      if (to < 0) {
        put(-1);
        continue;
      }
      const auto [it, fresh] = number.emplace(to, static_cast<int32_t>(order.size()));
      if (fresh) order.push_back(to);
      put(it->second);
    }
  }
  return name;
}

// By counting: a state of a bounded string has most of the vocabulary, in a few lengths.
void sort_by_characters(std::vector<std::pair<uint16_t, TokenId>>& tokens) {
  uint16_t most = 0;
  for (const auto& [characters, id] : tokens) most = std::max(most, characters);
  std::vector<uint32_t> begin(most + 2u);
  for (const auto& [characters, id] : tokens) begin[characters + 1u]++;
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<std::pair<uint16_t, TokenId>> sorted(tokens.size());
  for (const auto& token : tokens) sorted[begin[token.first]++] = token;
  tokens = std::move(sorted);
}

ByteTrie trie_of(const std::vector<std::string>& tokens) {
  constexpr size_t kLongest = 1024;  // bytes; longer tokens are runs of spaces or damage
  std::vector<std::pair<std::string, ByteTrie::Entry>> texts;
  for (size_t id = 0; id < tokens.size(); id++) {
    if (tokens[id].empty() || tokens[id].size() > kLongest) continue;
    texts.emplace_back(tokens[id], ByteTrie::Entry{static_cast<TokenId>(id), 0});
  }
  return ByteTrie(std::move(texts));
}

}  // namespace

void TokenMask::add(const TokenMask& other, const std::vector<TokenId>& except) {
  auto next = except.begin();
  for (size_t i = 0; i < words_.size(); i++) {
    uint64_t word = other.words_[i];
    for (; next != except.end() && static_cast<size_t>(*next) / 64 == i; ++next)
      word &= ~(uint64_t{1} << (*next % 64));
    words_[i] |= word;
  }
}

void TokenMask::add(const TokenMask& other) {
  for (size_t i = 0; i < std::min(words_.size(), other.words_.size()); i++) words_[i] |= other.words_[i];
}

size_t TokenMask::count() const {
  size_t sum = 0;
  for (const uint64_t w : words_) sum += static_cast<size_t>(std::popcount(w));
  return sum;
}

std::vector<TokenId> TokenMask::tokens(size_t vocabulary) const {
  std::vector<TokenId> out;
  for (size_t i = 0; i < words_.size(); i++) {
    for (uint64_t word = words_[i]; word != 0; word &= word - 1) {
      const size_t id = 64 * i + static_cast<size_t>(std::countr_zero(word));
      if (id >= vocabulary) return out;
      out.push_back(static_cast<TokenId>(id));
    }
  }
  return out;
}

TokenId TokenMask::first() const {
  for (size_t i = 0; i < words_.size(); i++) {
    if (words_[i]) return static_cast<TokenId>(i * 64 + static_cast<size_t>(std::countr_zero(words_[i])));
  }
  return -1;
}

size_t StateMask::bytes() const {
  size_t sum = sizeof(StateMask) + some.size() * sizeof(TokenId) + by_characters.size() * 8;
  if (many) sum += many->words().size() * 8;
  for (const auto& [label, trie] : ends) {
    sum += trie.nodes().size() * sizeof(ByteTrie::Node) + trie.entries().size() * sizeof(ByteTrie::Entry);
  }
  return sum;
}

StateMasks::StateMasks(std::vector<std::string> tokens, size_t max_bytes)
    : tokens_(std::move(tokens)), vocabulary_(trie_of(tokens_)), max_bytes_(max_bytes) {}

std::shared_ptr<StateMasks> StateMasks::of(const Tokenizer& tokenizer) {
  std::vector<std::string> tokens(static_cast<size_t>(tokenizer.size()));
  for (TokenId id = 0; id < tokenizer.size(); id++) {
    if (!tokenizer.is_control(id)) tokens[static_cast<size_t>(id)] = tokenizer.bytes(id);
  }
  return std::make_shared<StateMasks>(std::move(tokens));
}

std::shared_ptr<const PlacedMask> StateMasks::of(const ByteDfa& dfa, int32_t state) {
  const std::pair key(dfa.serial, state);
  {
    std::lock_guard lock(mutex_);
    if (const auto it = placed_.find(key); it != placed_.end()) return it->second;
  }
  PlacedMask placed;
  std::optional<StateMask> difference;
  if (!dfa.counted() && dfa.free_text >= 0 && dfa.free_text != state &&
      open_bytes(dfa, state) >= kLikeFreeText) {
    difference = this->difference(dfa, state, placed.labels);
    if (difference) placed.base = of(dfa, dfa.free_text);
  }
  size_t bytes = sizeof(PlacedMask);
  if (difference) {
    bytes += difference->bytes();
    placed.mask = std::make_shared<const StateMask>(std::move(*difference));
  } else {
    placed.labels.clear();
    placed.mask = shared(dfa, state, placed.labels);
  }
  std::lock_guard lock(mutex_);
  keep(bytes);
  return placed_.emplace(key, std::make_shared<const PlacedMask>(std::move(placed))).first->second;
}

StateMasks::Shared StateMasks::shared(const ByteDfa& dfa, int32_t state, std::vector<int32_t>& labels) {
  const std::string name = name_of(dfa, state, labels);
  if (!name.empty()) {
    std::lock_guard lock(mutex_);
    if (const auto it = by_name_.find(name); it != by_name_.end()) return it->second;
  }
  auto mask = std::make_shared<const StateMask>(compute(dfa, state, labels));
  std::lock_guard lock(mutex_);
  keep(mask->bytes() + name.size());
  return name.empty() ? mask : by_name_.emplace(name, std::move(mask)).first->second;
}

void StateMasks::keep(size_t bytes) {
  bytes_ += bytes;
  if (bytes_ <= max_bytes_) return;
  by_name_.clear();
  placed_.clear();
  bytes_ = bytes;
}

StateMask StateMasks::compute(const ByteDfa& dfa, int32_t state, std::vector<int32_t>& labels) const {
  const auto& nodes = vocabulary_.nodes();
  const auto& entries = vocabulary_.entries();
  const bool counted = dfa.counted();
  struct At {
    int32_t state;
    uint16_t characters;
  };
  std::vector<At> at(vocabulary_.depth() + 1u, At{state, 0});
  std::vector<TokenId> inside;
  StateMask out;
  EndTexts ends;
  for (size_t n = 0; n < nodes.size();) {
    const ByteTrie::Node& node = nodes[n];
    const At& from = at[node.depth - 1u];
    At to{dfa.next(from.state, node.byte), from.characters};
    if (to.state == ByteDfa::kDead) {
      n = node.end;
      continue;
    }
    // A character begins where one leaves the boundary by anything but the closing quote.
    if (counted && dfa.boundary[static_cast<size_t>(from.state)] && node.byte != '"') to.characters++;
    const auto s = static_cast<size_t>(to.state);
    if (const int32_t label = dfa.passed(to.state)) {  // a word or a number beside the string has no bounds
      const bool is_string = dfa.boundary[static_cast<size_t>(from.state)] && node.byte == '"';
      add_ends(vocabulary_, n, is_string ? to.characters : ByteTrie::kUncounted, place_of(labels, label),
               ends);
    }
    if (!dfa.goes_on[s]) {
      n = node.end;
      continue;
    }
    for (uint32_t e = node.first; e < node.last; e++) {
      if (counted) {
        const uint32_t needed = to.characters + dfa.needs[s];
        out.by_characters.emplace_back(static_cast<uint16_t>(std::min<uint32_t>(needed, UINT16_MAX)),
                                       entries[e].id);
      } else {
        inside.push_back(entries[e].id);
      }
    }
    at[node.depth] = to;
    n++;
  }
  sort_by_characters(out.by_characters);
  if (inside.size() > kMany) {
    out.many.emplace(tokens_.size());
    for (const TokenId id : inside) out.many->set(id);
  } else {
    out.some = std::move(inside);
  }
  out.ends = tries_of(std::move(ends));
  return out;
}

// What `state` lets through and free text does not, and the other way round: both are walked, as far as they
// are in different states. nullopt: they differ too much.
std::optional<StateMask> StateMasks::difference(const ByteDfa& dfa, int32_t state,
                                                std::vector<int32_t>& labels) const {
  const auto& nodes = vocabulary_.nodes();
  const auto& entries = vocabulary_.entries();
  struct Pair {
    int32_t own, base;
  };
  std::vector<Pair> at(vocabulary_.depth() + 1u, Pair{state, dfa.free_text});
  const auto next = [&](int32_t from, uint8_t byte) {
    return from < 0 ? ByteDfa::kDead : dfa.next(from, byte);
  };
  const auto label = [&](int32_t s) { return s < 0 ? 0 : dfa.passed(s); };
  const auto goes_on = [&](int32_t s) { return s >= 0 && dfa.goes_on[static_cast<size_t>(s)]; };
  StateMask out;
  EndTexts ends;
  size_t seen = 0;
  for (size_t n = 0; n < nodes.size();) {
    const ByteTrie::Node& node = nodes[n];
    const Pair& from = at[node.depth - 1u];
    const Pair to{next(from.own, node.byte), next(from.base, node.byte)};
    if (to.own == to.base) {
      n = node.end;
      continue;
    }
    if (++seen > kMaxDifference) return std::nullopt;
    if (label(to.own) != label(to.base)) {
      if (label(to.own)) add_ends(vocabulary_, n, 0, place_of(labels, label(to.own)), ends);
      if (label(to.base)) {
        for (uint32_t e = node.first; e < nodes[node.end - 1].last; e++)
          out.not_ends.push_back(entries[e].id);
      }
    }
    for (uint32_t e = node.first; e < node.last; e++) {
      if (goes_on(to.own) == goes_on(to.base)) continue;
      (goes_on(to.own) ? out.some : out.not_inside).push_back(entries[e].id);
    }
    at[node.depth] = to;
    n = goes_on(to.own) || goes_on(to.base) ? n + 1 : node.end;
  }
  std::sort(out.not_inside.begin(), out.not_inside.end());
  std::sort(out.not_ends.begin(), out.not_ends.end());
  out.ends = tries_of(std::move(ends));
  return out;
}

}  // namespace understudy
