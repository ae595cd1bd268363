#include "grammar/regex.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "grammar/character_class.h"
#include "text/utf8.h"

namespace understudy {

namespace {

constexpr int kMaxDepth = 100;         // groups inside each other
constexpr size_t kMaxNodes = 200'000;  // of the nondeterministic automaton, repetitions written out
constexpr uint32_t kEndless = UINT32_MAX;

// Thompson's construction: a fragment is a range of nodes, entered at the first and left at the last.
struct Node {
  enum class Kind : uint8_t { empty, begin, end, characters };
  Kind kind = Kind::empty;
  int32_t characters = -1;  // kind characters: index into Nfa::sets
  std::vector<int32_t> to;  // taken without a character, unless the kind is characters
};

struct Nfa {
  std::vector<Node> nodes;
  std::vector<CharacterSet> sets;
};

struct Fragment {
  int32_t first = 0, last = 0;
};

class Parser {
 public:
  Parser(std::string_view pattern, Budget& budget) : pattern_(pattern), budget_(budget) {}

  DfaResult parse() {
    std::vector<Dfa> alternatives;
    do {
      ASSIGN_OR_RETURN(Dfa alternative, top_alternative());
      alternatives.push_back(std::move(alternative));
    } while (take('|'));
    if (!at_end()) return refused("a ')' that closes nothing");
    if (alternatives.size() == 1) return std::move(alternatives[0]);
    std::vector<const Dfa*> parts;
    for (const Dfa& d : alternatives) parts.push_back(&d);
    return first_of(parts, budget_);
  }

 private:
  bool at_end() const { return at_ == pattern_.size(); }
  bool sees(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  bool take(char c) {
    if (at_end() || pattern_[at_] != c) return false;
    at_++;
    return true;
  }
  bool take(std::string_view text) {
    if (!sees(text)) return false;
    at_ += text.size();
    return true;
  }
  uint32_t take_character() {
    const Utf8Char c = first_utf8_char(pattern_.substr(at_));
    at_ += c.length;
    return c.code;
  }
  Error refused(std::string_view what) const {
    return {ErrorCode::unsupported, fmt::format("The pattern has {} at byte {}", what, at_), "pattern", ""};
  }

  // Everything that matches: what stands before ^? lookaheads rest.
  DfaResult top_alternative() {
    nfa_ = {};
    const size_t start = at_;
    std::vector<std::pair<bool, Dfa>> conditions;
    const bool anchored = take('^');
    while (anchored && (sees("(?=") || sees("(?!"))) {
      const bool wanted = sees("(?=");
      at_ += 3;
      ASSIGN_OR_RETURN(Dfa condition, lookahead());
      conditions.emplace_back(wanted, std::move(condition));
    }
    if (conditions.empty()) at_ = start;
    ASSIGN_OR_RETURN(Dfa dfa, searched(!conditions.empty(), '\0'));
    for (auto& [wanted, condition] : conditions) {
      if (!wanted) {
        ASSIGN_OR_RETURN(condition, complement(condition, budget_));
      }
      ASSIGN_OR_RETURN(dfa, intersect(dfa, condition, budget_));
    }
    return dfa;
  }

  // Texts that begin with the group's pattern; takes the group's end.
  DfaResult lookahead() {
    const size_t begin = at_;
    Nfa outer = std::move(nfa_);
    nfa_ = {};
    DfaResult dfa = searched(true, ')');
    nfa_ = std::move(outer);
    if (dfa.ok() && !take(')')) {
      at_ = begin;
      return refused("a group that is not closed");
    }
    return dfa;
  }

  // One alternative (or with `closing` a whole disjunction), matched anywhere or at the beginning.
  DfaResult searched(bool at_beginning, char closing) {
    const int32_t start = node();
    if (!at_beginning) {  // anything may stand before
      const int32_t before = node();
      link(start, before);
      const int32_t any = node();
      make_characters(any, any_character());
      link(before, any);
      link(any, before);
    }
    ASSIGN_OR_RETURN(Fragment body, closing ? disjunction(1) : alternative(1));
    link(at_beginning ? start : start + 1, body.first);
    return determinise(start, body.last);
  }

  Result<Fragment> disjunction(int depth) {
    ASSIGN_OR_RETURN(Fragment all, alternative(depth));
    if (!sees("|")) return all;
    const int32_t first = node(), last = node();
    link(first, all.first);
    link(all.last, last);
    while (take('|')) {
      ASSIGN_OR_RETURN(Fragment next, alternative(depth));
      link(first, next.first);
      link(next.last, last);
    }
    return Fragment{first, last};
  }

  Result<Fragment> alternative(int depth) {
    const int32_t first = node();
    Fragment all{first, first};
    while (!at_end() && !sees("|") && !sees(")")) {
      if (depth > kMaxDepth) return refused("groups nested too deep");
      const auto nodes_before = static_cast<int32_t>(nfa_.nodes.size());
      bool assertion = false;
      ASSIGN_OR_RETURN(Fragment part, atom(depth, assertion));
      ASSIGN_OR_RETURN(part, quantified(part, nodes_before, assertion));
      if (nfa_.nodes.size() > kMaxNodes || !budget_.spend(1)) return too_complex();
      link(all.last, part.first);
      all.last = part.last;
    }
    return all;
  }

  Result<Fragment> atom(int depth, bool& assertion) {
    if (sees("^") || sees("$")) {
      assertion = true;
      const int32_t n = node();
      nfa_.nodes[static_cast<size_t>(n)].kind = take('^') ? Node::Kind::begin : Node::Kind::end;
      if (nfa_.nodes[static_cast<size_t>(n)].kind == Node::Kind::end) at_++;
      const int32_t last = node();
      link(n, last);
      return Fragment{n, last};
    }
    if (sees("(")) return group(depth);
    if (sees("*") || sees("+") || sees("?")) return refused("a quantifier of nothing");
    CharacterSet set;
    if (take('[')) {
      ASSIGN_OR_RETURN(set, character_class(pattern_, at_));
    } else if (sees("\\")) {
      ASSIGN_OR_RETURN(set, escaped(pattern_, at_));
    } else if (take('.')) {
      set = inverted({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}});
    } else {
      const uint32_t c = take_character();
      set = {{c, c}};
    }
    const int32_t n = node();
    make_characters(n, std::move(set));
    const int32_t last = node();
    link(n, last);
    return Fragment{n, last};
  }

  Result<Fragment> group(int depth) {
    const size_t begin = at_++;
    if (take("?:")) {
    } else if (sees("?<") && !sees("?<=") && !sees("?<!")) {
      while (!at_end() && !take('>')) at_++;
    } else if (sees("?")) {
      at_ = begin;
      return refused(sees("(?=") || sees("(?!") ? "a lookahead that does not follow a leading '^'"
                                                : "a group of an unknown kind");
    }
    ASSIGN_OR_RETURN(Fragment inside, disjunction(depth + 1));
    if (!take(')')) {
      at_ = begin;
      return refused("a group that is not closed");
    }
    return inside;
  }

  std::optional<uint32_t> take_number() {
    if (at_end() || pattern_[at_] < '0' || pattern_[at_] > '9') return std::nullopt;
    uint64_t number = 0;
    for (; !at_end() && pattern_[at_] >= '0' && pattern_[at_] <= '9'; at_++) {
      number = std::min<uint64_t>(number * 10 + static_cast<uint64_t>(pattern_[at_] - '0'), kEndless - 1);
    }
    return static_cast<uint32_t>(number);
  }

  // {n}, {n,} or {n,m}; otherwise nothing is taken.
  std::optional<std::pair<uint32_t, uint32_t>> take_counts() {
    const size_t begin = at_;
    if (take('{')) {
      if (const auto low = take_number()) {
        uint32_t high = *low;
        if (take(',')) high = take_number().value_or(kEndless);
        if (take('}')) return std::pair(*low, high);
      }
    }
    at_ = begin;
    return std::nullopt;
  }

  // `part` are the nodes from nodes_before on.
  Result<Fragment> quantified(Fragment part, int32_t nodes_before, bool assertion) {
    uint32_t low = 1, high = 1;
    const size_t begin = at_;
    if (take('*')) {
      low = 0;
      high = kEndless;
    } else if (take('+')) {
      high = kEndless;
    } else if (take('?')) {
      low = 0;
    } else if (const auto counts = take_counts()) {
      std::tie(low, high) = *counts;
    } else {
      return part;
    }
    take('?');  // lazy: the same texts
    if (assertion) {
      at_ = begin;
      return refused("a quantifier of '^' or '$'");
    }
    if (low > high) return refused("a quantifier whose least count is above its greatest");
    return repeated(part, nodes_before, low, high);
  }

  Result<Fragment> repeated(Fragment part, int32_t nodes_before, uint32_t low, uint32_t high) {
    const auto size = nfa_.nodes.size() - static_cast<size_t>(nodes_before);
    const std::vector<Node> original(nfa_.nodes.begin() + nodes_before, nfa_.nodes.end());
    const uint32_t copies = high == kEndless ? std::max(low, 1u) : std::max(high, 1u);
    if (copies > kMaxNodes || size * copies > kMaxNodes) return too_complex();
    const int32_t last = node();
    Fragment all{node(), 0};
    all.last = all.first;
    if (high == 0) {
      link(all.first, last);
      return Fragment{all.first, last};
    }
    for (uint32_t i = 0; i < copies; i++) {
      Fragment copy = part;
      if (i > 0) {
        const auto shift = static_cast<int32_t>(nfa_.nodes.size()) - nodes_before;
        for (Node n : original) {
          for (int32_t& to : n.to) to += shift;
          nfa_.nodes.push_back(std::move(n));
        }
        copy = {part.first + shift, part.last + shift};
      }
      if (i >= low) link(all.last, last);
      link(all.last, copy.first);
      if (high == kEndless && i + 1 == copies) {  // the last copy goes round
        const int32_t round = node();
        link(copy.last, round);
        link(round, copy.first);
        copy.last = round;
      }
      all.last = copy.last;
    }
    link(all.last, last);
    return Fragment{all.first, last};
  }

  int32_t node() {
    nfa_.nodes.emplace_back();
    return static_cast<int32_t>(nfa_.nodes.size()) - 1;
  }
  void link(int32_t from, int32_t to) { nfa_.nodes[static_cast<size_t>(from)].to.push_back(to); }
  void make_characters(int32_t at, CharacterSet set) {
    nfa_.nodes[static_cast<size_t>(at)].kind = Node::Kind::characters;
    nfa_.nodes[static_cast<size_t>(at)].characters = static_cast<int32_t>(nfa_.sets.size());
    nfa_.sets.push_back(std::move(set));
  }

  // Nodes reached without a character; those of kind characters are where one is taken.
  std::vector<int32_t> closure(std::vector<int32_t> work, bool at_beginning, bool at_end_of_text) {
    std::vector<int32_t> out;
    for (const int32_t n : work) mark_[static_cast<size_t>(n)] = true;
    while (!work.empty()) {
      const int32_t n = work.back();
      work.pop_back();
      out.push_back(n);
      const Node& from = nfa_.nodes[static_cast<size_t>(n)];
      if (from.kind == Node::Kind::characters || (from.kind == Node::Kind::begin && !at_beginning) ||
          (from.kind == Node::Kind::end && !at_end_of_text)) {
        continue;
      }
      for (const int32_t to : from.to) {
        if (mark_[static_cast<size_t>(to)]) continue;
        mark_[static_cast<size_t>(to)] = true;
        work.push_back(to);
      }
    }
    for (const int32_t n : out) mark_[static_cast<size_t>(n)] = false;
    std::sort(out.begin(), out.end());
    return out;
  }

  // Subset construction. Once `last` is reached without '$', whatever follows is accepted.
  DfaResult determinise(int32_t start, int32_t last) {
    mark_.assign(nfa_.nodes.size(), false);
    Dfa out;
    std::map<std::pair<bool, std::vector<int32_t>>, int32_t> numbers;
    std::vector<std::pair<bool, std::vector<int32_t>>> states;
    const auto number_of = [&](bool beginning, std::vector<int32_t> nodes) {
      const auto [it, fresh] =
          numbers.emplace(std::pair(beginning, std::move(nodes)), static_cast<int32_t>(states.size()));
      if (fresh) states.push_back(it->first);
      return it->second;
    };
    const std::vector<int32_t> accepted{last};
    const std::vector<int32_t> at_start = closure({start}, true, false);
    const bool matches_nothing = std::binary_search(at_start.begin(), at_start.end(), last);
    number_of(true, matches_nothing ? accepted : at_start);
    for (size_t s = 0; s < states.size(); s++) {
      const auto [beginning, nodes] = states[s];
      out.states.emplace_back();
      if (nodes == accepted) {
        for (const auto& [low, high] : any_character()) {
          out.states.back().edges.push_back({low, high, static_cast<int32_t>(s)});
        }
        out.states.back().label = 1;
        continue;
      }
      const std::vector<int32_t> at_end = closure(nodes, beginning, true);
      out.states.back().label = std::binary_search(at_end.begin(), at_end.end(), last);
      std::vector<uint32_t> cuts;
      std::vector<const Node*> takers;
      for (const int32_t n : nodes) {
        const Node& from = nfa_.nodes[static_cast<size_t>(n)];
        if (from.kind != Node::Kind::characters) continue;
        takers.push_back(&from);
        for (const auto& [low, high] : nfa_.sets[static_cast<size_t>(from.characters)]) {
          cuts.push_back(low);
          cuts.push_back(high + 1);
        }
      }
      std::sort(cuts.begin(), cuts.end());
      cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
      for (size_t c = 0; c + 1 < cuts.size(); c++) {
        std::vector<int32_t> to;
        for (const Node* from : takers) {
          if (contains(nfa_.sets[static_cast<size_t>(from->characters)], cuts[c])) {
            to.insert(to.end(), from->to.begin(), from->to.end());
          }
        }
        if (to.empty()) continue;
        std::sort(to.begin(), to.end());
        to.erase(std::unique(to.begin(), to.end()), to.end());
        if (!budget_.spend(3 + to.size() / 4)) return too_complex();
        std::vector<int32_t> closed = closure(std::move(to), false, false);
        if (std::binary_search(closed.begin(), closed.end(), last)) closed = accepted;
        const int32_t target = number_of(false, std::move(closed));
        out.states[s].edges.push_back({cuts[c], cuts[c + 1] - 1, target});
      }
      if (!budget_.spend(1 + nodes.size() / 8)) return too_complex();
    }
    return minimal(std::move(out));
  }

  const std::string_view pattern_;
  Budget& budget_;
  size_t at_ = 0;
  Nfa nfa_;
  std::vector<bool> mark_;
};

}  // namespace

DfaResult regex_dfa(std::string_view pattern, Budget& budget) { return Parser(pattern, budget).parse(); }

}  // namespace understudy
