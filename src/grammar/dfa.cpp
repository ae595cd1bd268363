#include "grammar/dfa.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <map>
#include <numeric>

#include "text/utf8.h"

namespace understudy {

namespace {

constexpr uint32_t kFirstSurrogate = 0xd800, kLastSurrogate = 0xdfff;
// Rounds of partition refinement. Long chains that end in a loop need one round a state; they are left as
// they are, which costs memory and nothing else.
constexpr int kMaxRounds = 48;
// States up to which that is worth its time: an enum of 100,000 strings is a tree that has little to merge.
constexpr size_t kMostRefined = 100'000;

using Edge = Dfa::Edge;
using State = Dfa::State;
using Tuple = std::vector<int32_t>;  // a state of each part, -1: none

void add_edge(std::vector<Edge>& edges, Edge edge) {
  if (!edges.empty() && edges.back().to == edge.to && edges.back().high + 1 == edge.low) {
    edges.back().high = edge.high;
  } else {
    edges.push_back(edge);
  }
}

// States from which acceptance can be reached.
std::vector<bool> live_states(const Dfa& dfa) {
  std::vector<std::vector<int32_t>> sources(dfa.states.size());
  std::vector<int32_t> work;
  std::vector<bool> live(dfa.states.size());
  for (size_t s = 0; s < dfa.states.size(); s++) {
    for (const Edge& e : dfa.states[s].edges)
      sources[static_cast<size_t>(e.to)].push_back(static_cast<int32_t>(s));
    if (!dfa.states[s].label) continue;
    live[s] = true;
    work.push_back(static_cast<int32_t>(s));
  }
  while (!work.empty()) {
    const auto s = static_cast<size_t>(work.back());
    work.pop_back();
    for (const int32_t from : sources[s]) {
      if (live[static_cast<size_t>(from)]) continue;
      live[static_cast<size_t>(from)] = true;
      work.push_back(from);
    }
  }
  return live;
}

// Renames states by `name` and keeps those that the start reaches, numbered breadth first.
Dfa renamed(const Dfa& dfa, const std::vector<int32_t>& name, const std::vector<bool>& live) {
  Dfa out;
  if (!live[0]) {
    out.states.emplace_back();
    return out;
  }
  std::vector<int32_t> number(dfa.states.size(), -1), sample;  // by name; by number: a state of it
  const auto number_of = [&](int32_t state) {
    int32_t& n = number[static_cast<size_t>(name[static_cast<size_t>(state)])];
    if (n < 0) {
      n = static_cast<int32_t>(sample.size());
      sample.push_back(state);
    }
    return n;
  };
  number_of(0);
  for (size_t i = 0; i < sample.size(); i++) {
    const State& from = dfa.states[static_cast<size_t>(sample[i])];
    State state{from.label, {}};
    for (const Edge& e : from.edges) {
      if (live[static_cast<size_t>(e.to)]) add_edge(state.edges, {e.low, e.high, number_of(e.to)});
    }
    out.states.push_back(std::move(state));
  }
  return out;
}

// Moore's partition of states by what can be told of them, a round at a time. Signatures (the own block, then
// edges to blocks) lie one behind the other in one vector.
class Refinement {
 public:
  Refinement(const Dfa& dfa, const std::vector<bool>& live)
      : dfa_(dfa), live_(live), names_(dfa.states.size(), 0) {
    for (size_t s = 0; s < names_.size(); s++) names_[s] = dfa.states[s].label;
  }

  // True when nothing was divided any more.
  bool refine() {
    signatures_.clear();
    slots_.assign(std::bit_ceil(names_.size() * 2 + 2), Slot{});
    std::vector<int32_t> finer(names_.size(), 0);
    size_t blocks = 0;
    for (size_t s = 0; s < names_.size(); s++) {
      if (!live_[s]) continue;
      const auto begin = static_cast<uint32_t>(signatures_.size());
      signatures_.push_back(static_cast<uint32_t>(names_[s]));
      uint32_t* last = nullptr;  // the edge before: low, high, to
      for (const Edge& e : dfa_.states[s].edges) {
        const auto to = static_cast<size_t>(e.to);
        if (!live_[to]) continue;
        const auto name = static_cast<uint32_t>(names_[to]);
        if (last && last[2] == name && last[1] + 1 == e.low) {
          last[1] = e.high;
          continue;
        }
        signatures_.insert(signatures_.end(), {e.low, e.high, name});
        last = &signatures_[signatures_.size() - 3];
      }
      finer[s] = block_of(begin, blocks);
    }
    const bool stable = blocks == blocks_;
    blocks_ = blocks;
    names_ = std::move(finer);
    return stable;
  }

  const std::vector<int32_t>& names() const { return names_; }

 private:
  struct Slot {
    uint32_t begin = 0, size = 0;  // size 0: empty
    int32_t block = 0;
  };

  // Of the signature that ends the vector; it is taken away again if it is known.
  int32_t block_of(uint32_t begin, size_t& blocks) {
    const auto size = static_cast<uint32_t>(signatures_.size()) - begin;
    uint64_t hash = size;
    for (uint32_t i = 0; i < size; i++) hash = (hash ^ signatures_[begin + i]) * 0x9e3779b97f4a7c15;
    for (size_t at = (hash ^ hash >> 32) & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[at];
      if (slot.size == 0) {
        slot = {begin, size, static_cast<int32_t>(blocks++)};
        return slot.block;
      }
      const bool same = slot.size == size &&
                        std::equal(&signatures_[begin], &signatures_[begin] + size, &signatures_[slot.begin]);
      if (!same) continue;
      signatures_.resize(begin);
      return slot.block;
    }
  }

  const Dfa& dfa_;
  const std::vector<bool>& live_;
  std::vector<int32_t> names_;
  size_t blocks_ = 0;
  std::vector<uint32_t> signatures_;
  std::vector<Slot> slots_;  // open addressing
};

template <typename Alive, typename Label>
DfaResult product(const std::vector<const Dfa*>& parts, Budget& budget, Alive alive, Label label) {
  Dfa out;
  std::map<Tuple, int32_t> numbers;
  std::deque<Tuple> work;
  const auto number_of = [&](const Tuple& tuple) {
    const auto [it, fresh] = numbers.emplace(tuple, static_cast<int32_t>(numbers.size()));
    if (fresh) work.push_back(tuple);
    return it->second;
  };
  number_of(Tuple(parts.size(), 0));
  std::vector<uint32_t> cuts;  // where an elementary interval begins
  std::vector<size_t> at(parts.size());
  Tuple to(parts.size());
  while (!work.empty()) {
    const Tuple from = std::move(work.front());
    work.pop_front();
    State state;
    state.label = label(from);
    cuts.clear();
    for (size_t p = 0; p < parts.size(); p++) {
      at[p] = 0;
      if (from[p] < 0) continue;
      for (const Edge& e : parts[p]->states[static_cast<size_t>(from[p])].edges) {
        cuts.push_back(e.low);
        cuts.push_back(e.high + 1);
      }
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    for (size_t c = 0; c + 1 < cuts.size(); c++) {
      for (size_t p = 0; p < parts.size(); p++) {
        to[p] = -1;
        if (from[p] < 0) continue;
        const auto& edges = parts[p]->states[static_cast<size_t>(from[p])].edges;
        while (at[p] < edges.size() && edges[at[p]].high < cuts[c]) at[p]++;
        if (at[p] < edges.size() && edges[at[p]].low <= cuts[c]) to[p] = edges[at[p]].to;
      }
      if (alive(to)) add_edge(state.edges, {cuts[c], cuts[c + 1] - 1, number_of(to)});
    }
    if (!budget.spend(1 + cuts.size() + parts.size())) return too_complex();
    out.states.push_back(std::move(state));
  }
  return minimal(std::move(out));
}

}  // namespace

Error too_complex() {
  return {ErrorCode::exhausted, "The schema needs more work than one request may ask for", "",
          "Use shorter patterns, smaller counts or fewer combined alternatives"};
}

int32_t Dfa::next(int32_t state, uint32_t symbol) const {
  const auto& edges = states[static_cast<size_t>(state)].edges;
  const auto after = std::upper_bound(edges.begin(), edges.end(), symbol,
                                      [](uint32_t s, const Edge& e) { return s < e.low; });
  if (after == edges.begin() || std::prev(after)->high < symbol) return -1;
  return std::prev(after)->to;
}

int32_t Dfa::label_of(const std::vector<uint32_t>& text) const {
  int32_t state = 0;
  for (const uint32_t symbol : text) {
    state = next(state, symbol);
    if (state < 0) return 0;
  }
  return states[static_cast<size_t>(state)].label;
}

Dfa any_text() { return {{{1, {{0, kFirstSurrogate - 1, 0}, {kLastSurrogate + 1, kLastCodePoint, 0}}}}}; }

Dfa no_text() { return {{State{}}}; }

Dfa texts_dfa(const std::vector<std::vector<uint32_t>>& texts, int32_t first_label) {
  std::vector<std::map<uint32_t, int32_t>> children(1);
  std::vector<int32_t> labels(1);
  for (size_t i = 0; i < texts.size(); i++) {
    size_t node = 0;
    for (const uint32_t symbol : texts[i]) {
      const auto [it, fresh] = children[node].emplace(symbol, static_cast<int32_t>(children.size()));
      node = static_cast<size_t>(it->second);
      if (!fresh) continue;
      children.emplace_back();
      labels.push_back(0);
    }
    if (!labels[node]) labels[node] = first_label + static_cast<int32_t>(i);
  }
  Dfa dfa;
  for (size_t node = 0; node < children.size(); node++) {
    State state{labels[node], {}};
    for (const auto& [symbol, to] : children[node]) add_edge(state.edges, {symbol, symbol, to});
    dfa.states.push_back(std::move(state));
  }
  return minimal(std::move(dfa));
}

DfaResult intersect(const Dfa& a, const Dfa& b, Budget& budget) {
  return product(
      {&a, &b}, budget, [](const Tuple& t) { return t[0] >= 0 && t[1] >= 0; },
      [&](const Tuple& t) {
        return a.states[static_cast<size_t>(t[0])].label && b.states[static_cast<size_t>(t[1])].label;
      });
}

DfaResult complement(const Dfa& a, Budget& budget) {
  const Dfa any = any_text();
  return product(
      {&any, &a}, budget, [](const Tuple& t) { return t[0] >= 0; },
      [&](const Tuple& t) { return t[1] < 0 || !a.states[static_cast<size_t>(t[1])].label; });
}

DfaResult first_of(const std::vector<const Dfa*>& parts, Budget& budget) {
  return product(
      parts, budget,
      [](const Tuple& t) { return std::any_of(t.begin(), t.end(), [](int32_t s) { return s >= 0; }); },
      [&](const Tuple& t) {
        for (size_t p = 0; p < parts.size(); p++) {
          const int32_t label = t[p] < 0 ? 0 : parts[p]->states[static_cast<size_t>(t[p])].label;
          if (label) return label;
        }
        return 0;
      });
}

DfaResult match_sets(const std::vector<const Dfa*>& parts, Budget& budget) {
  const Dfa any = any_text();
  std::vector<const Dfa*> all = parts;
  all.push_back(&any);
  return product(
      all, budget, [](const Tuple& t) { return t.back() >= 0; },
      [&](const Tuple& t) {
        int32_t set = 0;
        for (size_t p = 0; p < parts.size(); p++) {
          const bool accepts = t[p] >= 0 && parts[p]->states[static_cast<size_t>(t[p])].label;
          set |= accepts ? 1 << p : 0;
        }
        return 1 + set;
      });
}

Dfa relabelled(Dfa dfa, int32_t label) {
  for (State& s : dfa.states) s.label = s.label ? label : 0;
  return minimal(std::move(dfa));
}

Dfa restricted(const Dfa& dfa, const std::function<bool(int32_t)>& keep) {
  Dfa out = dfa;
  for (State& s : out.states) s.label = s.label && keep(s.label) ? s.label : 0;
  return trimmed(out);
}

DfaResult with_length(const Dfa& dfa, uint32_t low, uint32_t high, Budget& budget) {
  const bool endless = high == UINT32_MAX;
  Dfa out;
  std::map<std::pair<int32_t, uint32_t>, int32_t> numbers{{{0, 0}, 0}};
  std::deque<std::pair<int32_t, uint32_t>> work{{0, 0}};
  if (low > high) return no_text();
  while (!work.empty()) {
    const auto [from, length] = work.front();
    work.pop_front();
    const State& source = dfa.states[static_cast<size_t>(from)];
    State state{length >= low ? source.label : 0, {}};
    const uint32_t after = endless ? std::min(length + 1, low) : length + 1;
    if (endless || length < high) {
      for (const Edge& e : source.edges) {
        const auto [it, fresh] =
            numbers.emplace(std::pair(e.to, after), static_cast<int32_t>(numbers.size()));
        if (fresh) work.emplace_back(e.to, after);
        add_edge(state.edges, {e.low, e.high, it->second});
      }
    }
    if (!budget.spend(1 + state.edges.size())) return too_complex();
    out.states.push_back(std::move(state));
  }
  return minimal(std::move(out));
}

Dfa minimal(Dfa dfa) {
  if (dfa.states.size() > kMostRefined) return trimmed(dfa);
  const std::vector<bool> live = live_states(dfa);
  Refinement refinement(dfa, live);
  bool stable = false;
  for (int round = 0; round < kMaxRounds && !stable; round++) stable = refinement.refine();
  std::vector<int32_t> name = refinement.names();
  if (!stable) std::iota(name.begin(), name.end(), 0);
  return renamed(dfa, name, live);
}

Dfa trimmed(const Dfa& dfa) {
  std::vector<int32_t> name(dfa.states.size());
  std::iota(name.begin(), name.end(), 0);
  return renamed(dfa, name, live_states(dfa));
}

namespace {

// By state.
std::vector<uint32_t> shortest_continuations(const Dfa& dfa) {
  std::vector<uint32_t> shortest(dfa.states.size(), UINT32_MAX);
  std::vector<std::vector<int32_t>> sources(dfa.states.size());
  std::vector<int32_t> level;
  for (size_t s = 0; s < dfa.states.size(); s++) {
    for (const Edge& e : dfa.states[s].edges)
      sources[static_cast<size_t>(e.to)].push_back(static_cast<int32_t>(s));
    if (!dfa.states[s].label) continue;
    shortest[s] = 0;
    level.push_back(static_cast<int32_t>(s));
  }
  for (uint32_t length = 1; !level.empty(); length++) {
    std::vector<int32_t> next;
    for (const int32_t to : level) {
      for (const int32_t from : sources[static_cast<size_t>(to)]) {
        if (shortest[static_cast<size_t>(from)] != UINT32_MAX) continue;
        shortest[static_cast<size_t>(from)] = length;
        next.push_back(from);
      }
    }
    level = std::move(next);
  }
  return shortest;
}

}  // namespace

uint32_t shortest_text(const Dfa& dfa) { return shortest_continuations(dfa)[0]; }

// It is so if each state has a way to one whose shortest continuation is no longer than its own: a text of n
// characters, n above the shortest, is a character and one of n - 1 from there, by induction over n.
bool has_all_lengths(const Dfa& dfa) {
  const std::vector<uint32_t> shortest = shortest_continuations(dfa);
  for (size_t s = 0; s < dfa.states.size(); s++) {
    const auto& edges = dfa.states[s].edges;
    const bool goes_on = std::any_of(edges.begin(), edges.end(), [&](const Edge& e) {
      return shortest[static_cast<size_t>(e.to)] <= shortest[s];
    });
    if (!goes_on) return false;
  }
  return true;
}

bool can_count_lengths(const Dfa& dfa, uint32_t low) {
  return low <= shortest_text(dfa) || has_all_lengths(dfa);
}

std::vector<uint32_t> count_texts(const Dfa& dfa, uint32_t cap) {
  // Trimmed: a state that reaches a cycle has endlessly many texts. Depth first with an explicit stack.
  enum : uint8_t { fresh, open, done };
  std::vector<uint8_t> mark(dfa.states.size(), fresh);
  std::vector<uint32_t> counts(dfa.states.size(), 0);
  std::vector<std::pair<size_t, size_t>> stack{{0, 0}};
  mark[0] = open;
  const auto add = [&](uint32_t& sum, uint64_t more) {
    sum = static_cast<uint32_t>(std::min<uint64_t>(cap, sum + more));
  };
  counts[0] = dfa.states[0].label ? 1 : 0;
  while (!stack.empty()) {
    auto& [s, e] = stack.back();
    const auto& edges = dfa.states[s].edges;
    if (e == edges.size()) {
      mark[s] = done;
      const size_t finished = s;
      stack.pop_back();
      if (stack.empty()) break;
      const Edge& way = dfa.states[stack.back().first].edges[stack.back().second - 1];
      add(counts[stack.back().first], static_cast<uint64_t>(counts[finished]) * (way.high - way.low + 1));
      continue;
    }
    const auto to = static_cast<size_t>(edges[e].to);
    const uint64_t width = edges[e].high - edges[e].low + 1;
    e++;
    if (mark[to] == done) {
      add(counts[s], counts[to] * width);
    } else if (mark[to] == open) {
      counts[s] = cap;  // a cycle
    } else {
      mark[to] = open;
      counts[to] = dfa.states[to].label ? 1 : 0;
      stack.emplace_back(to, 0);
    }
  }
  // A state visited before its cycle was known: spread the cap backwards.
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t s = dfa.states.size(); s-- > 0;) {
      if (counts[s] == cap) continue;
      for (const Edge& edge : dfa.states[s].edges) {
        if (counts[static_cast<size_t>(edge.to)] < cap) continue;
        counts[s] = cap;
        changed = true;
        break;
      }
    }
  }
  return counts;
}

std::vector<uint32_t> code_points(std::string_view utf8) {
  std::vector<uint32_t> out;
  while (!utf8.empty()) {
    const Utf8Char c = first_utf8_char(utf8);
    out.push_back(c.code);
    utf8.remove_prefix(c.length);
  }
  return out;
}

}  // namespace understudy
