// Automata over bytes: the terminals that texts are read with. A label on a state says what has just been
// read completely; a state may have a label and go on (numbers).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "grammar/dfa.h"
#include "grammar/value_language.h"

namespace understudy {

// Immutable once built; safe to share between threads.
struct ByteDfa {
  static constexpr int32_t kDead = -1;
  // A label behind which nothing can follow: no token that reaches over it needs to be looked for. Where an answer may end
  // behind every character, those are all ends of all tokens.
  static constexpr int32_t kLast = -2;

  std::array<uint8_t, 256> class_of{};  // bytes that no state tells apart
  int32_t classes = 0;
  std::vector<int32_t> table;  // (states, classes)
  std::vector<int32_t> label;  // by state; 0: nothing is complete
  std::vector<bool> goes_on;   // by state: some byte can follow
  // With bounds on the length of the one string in it: states in front of a character or of the closing quote.
  std::vector<bool> boundary;
  std::vector<uint32_t> needs;  // by state: further characters that must begin before the quote can come
  uint32_t low = 0, high = kEndless;
  // The state that most bytes leave as it is, if they are many: free text. Others are like it but for a few
  // bytes.
  int32_t free_text = -1;
  uint64_t serial = 0;  // of all automata of the process

  // The label over which tokens may reach; 0: none.
  int32_t passed(int32_t state) const {
    const auto s = static_cast<size_t>(state);
    return label[s] == kLast && goes_on[s] ? 0 : label[s];
  }
  bool counted() const { return low > 0 || high < kEndless; }
  int32_t next(int32_t state, uint8_t byte) const {
    return table[static_cast<size_t>(state * classes + class_of[byte])];
  }
};

class ByteDfaBuilder {
 public:
  ByteDfaBuilder() { add_state(0); }  // state 0 is the start

  int32_t add_state(int32_t label);
  // The bytes low to high; no two links of a state share a byte.
  void link(int32_t from, uint8_t low, uint8_t high, int32_t to);
  // Reads `text`, which begins like no other link of `from`.
  void link_text(int32_t from, std::string_view text, int32_t to);

  // Reads a text as it is (UTF-8), from state `from`: where the text is complete, that state has its label.
  void add_raw(int32_t from, const Dfa& texts);
  // Reads a JSON string behind its opening quote, from state `from`; the closing quote leads to
  // closed(label). Canonical escapes only.
  template <typename Closed>
  void add_string(int32_t from, const Dfa& texts, Closed&& closed) {
    const std::vector<int32_t> states = add_characters(from, texts, true);
    for (size_t s = 0; s < states.size(); s++) {
      boundary_[static_cast<size_t>(states[s])] = true;
      const int32_t label = texts.states[s].label;
      if (label) link(states[s], '"', '"', closed(label));
    }
  }

  // `low`, `high`: bounds on the length of the one string in it.
  ByteDfa build(uint32_t low = 0, uint32_t high = kEndless) &&;

 private:
  struct Link {
    uint8_t low, high;
    int32_t to;
    bool operator<(const Link& o) const { return std::tie(low, high, to) < std::tie(o.low, o.high, o.to); }
  };
  using Links = std::vector<Link>;

  // One byte state for each state of `texts`, the first of them `from`.
  std::vector<int32_t> add_characters(int32_t from, const Dfa& texts, bool escaped);
  void add_multibyte(int32_t from, std::vector<Dfa::Edge> edges);
  int32_t continuation(int bytes, uint32_t first, const std::vector<Dfa::Edge>& edges);
  int32_t any_continuation(int bytes, int32_t to);
  void add_escapes(int32_t from, const Dfa& texts, int32_t state, const std::vector<int32_t>& states);
  int32_t shared(Links links);  // the state with these links

  std::vector<Links> links_;
  std::vector<int32_t> labels_;
  std::vector<bool> boundary_;
  std::map<Links, int32_t> shared_;
  std::map<std::pair<int, int32_t>, int32_t> any_continuation_;
  std::map<std::vector<Dfa::Edge>, Links> multibyte_;  // edges beyond ASCII: the links that read them
};

}  // namespace understudy
