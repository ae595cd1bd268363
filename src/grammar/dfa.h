// Deterministic automata over code points: the languages of strings, numbers and keys, closed under union,
// intersection and complement. Operations return trimmed automata (each state lies on a path from the start to
// acceptance), numbered breadth first; minimal ones unless said otherwise or very long chains of states make
// that slow, so that equal languages mostly are equal values.
//
// Sources: Hopcroft, Motwani, Ullman, "Introduction to Automata Theory", products (4.2) and minimisation by
// partition refinement (4.4; Moore's rounds).
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy {

constexpr uint32_t kLastCodePoint = 0x10ffff;

// Work that one compilation may spend, in states and edges made: a hostile schema ends as an Error, not as a
// full memory. Not thread-safe.
class Budget {
 public:
  explicit Budget(size_t units) : left_(units) {}
  // False once all is spent.
  bool spend(size_t units) {
    left_ = units > left_ ? 0 : left_ - units;
    return left_ > 0;
  }

 private:
  size_t left_;
};

Error too_complex();

struct Dfa {
  struct Edge {
    uint32_t low = 0, high = 0;  // code points, both included
    int32_t to = 0;
    auto operator<=>(const Edge&) const = default;
  };
  struct State {
    int32_t label = 0;        // 0: not accepting
    std::vector<Edge> edges;  // ascending, disjoint
    bool operator==(const State&) const = default;
  };
  std::vector<State> states;  // [0] is the start; never empty

  bool operator==(const Dfa&) const = default;
  bool empty() const { return states.size() == 1 && !states[0].label && states[0].edges.empty(); }
  // -1: no way.
  int32_t next(int32_t state, uint32_t symbol) const;
  // Of the whole text; 0 if it is not in the language.
  int32_t label_of(const std::vector<uint32_t>& text) const;
};

// Surrogates are code points but no characters: nothing that is built here accepts them.
Dfa any_text();
Dfa no_text();
// The texts, the i-th with label first_label + i (equal ones: the first).
Dfa texts_dfa(const std::vector<std::vector<uint32_t>>& texts, int32_t first_label = 1);

using DfaResult = Result<Dfa>;                                    // Errors: exhausted (the budget)
DfaResult intersect(const Dfa& a, const Dfa& b, Budget& budget);  // labels 1
DfaResult complement(const Dfa& a, Budget& budget);               // of any_text(); labels 1
// Union with labels: a text's label is that of the first automaton that accepts it.
DfaResult first_of(const std::vector<const Dfa*>& parts, Budget& budget);
// All texts, labelled 1 + the sum of 2^i over the automata that accept them (at most 20).
DfaResult match_sets(const std::vector<const Dfa*>& parts, Budget& budget);
// All labels become `label`.
Dfa relabelled(Dfa dfa, int32_t label);
// Only texts whose label `keep` wants. Trimmed, perhaps not minimal.
Dfa restricted(const Dfa& dfa, const std::function<bool(int32_t)>& keep);
// Texts of low to high code points.
DfaResult with_length(const Dfa& dfa, uint32_t low, uint32_t high, Budget& budget);
Dfa minimal(Dfa dfa);
Dfa trimmed(const Dfa& dfa);  // without states that cannot reach acceptance or be reached

// Code points of the shortest text; UINT32_MAX if there is none.
uint32_t shortest_text(const Dfa& dfa);
// From every state there are continuations of all lengths from its shortest on.
bool has_all_lengths(const Dfa& dfa);
// Counting the characters of a text while it is read tells whether it can still become one of `low` characters or more
// within an upper bound: where that many come anyway, the shortest continuation decides; else all lengths must be there.
bool can_count_lengths(const Dfa& dfa, uint32_t low);

// Number of texts from each state, at most `cap` (which stands for more, or for endlessly many).
std::vector<uint32_t> count_texts(const Dfa& dfa, uint32_t cap);
// Invalid UTF-8 gives U+FFFD.
std::vector<uint32_t> code_points(std::string_view utf8);

}  // namespace understudy
