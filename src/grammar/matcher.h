// Matcher: one answer on its way through a grammar. It knows which tokens may come next, exactly: a token is
// allowed if and only if some text of the grammar begins with the answer so far and that token.
//
// The answer's place is a set of configurations (a terminal's state and the stack of what it is in), one for
// each way in which the grammar can be read; all of them can be completed. Not thread-safe; one per answer.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "grammar/grammar.h"
#include "grammar/state_mask.h"

namespace understudy {

class Matcher {
 public:
  // `masks` may be nullptr for a matcher that is only asked about bytes.
  Matcher(std::shared_ptr<const Grammar> grammar, std::shared_ptr<StateMasks> masks);

  // Tokens that may come next; control tokens are never among them. The mask is valid until the next call of
  // a member that is not const.
  const TokenMask& mask();
  // Whether the answer may end here.
  bool can_end() const;
  // Nothing but the end can come.
  bool must_end() const;

  // The grammar can be read in more ways at once than are followed, or a mask took too much work: nothing may come any
  // more.
  bool is_overloaded() const { return overloaded_; }

  // Appends a token's bytes or any others. False, and nothing changed, if they cannot come.
  bool accept(std::string_view bytes);
  // The bytes that must come next, whatever the answer will be, at most `limit`.
  std::string forced(size_t limit = 4096);

  // A short text that completes the answer, not always the shortest. At most `limit` bytes: "" if that is not enough.
  std::string closing(size_t limit = 1 << 16);

  // Marks to come back to: the answer's length in accepted pieces. What overloaded it later is forgotten.
  size_t position() const { return history_.size() - 1; }
  void rewind(size_t position);

 private:
  // What stands around a terminal, innermost first; frames are shared and compared by number.
  struct Frame {
    enum class Kind : uint8_t { object, array, sequence };
    Kind kind = Kind::sequence;
    int32_t what = -1;        // value, or rule
    int32_t alternative = 0;  // of the value's objects or arrays
    uint32_t progress = 0;    // properties passed, items begun, parts begun
    uint32_t count = 0;       // properties or counted items so far, where bounds need them
    int32_t used = -1;        // texts that must not come again
    int32_t parent = -1;
    bool witnessed = false;  // of an object that needs a witness
    bool operator==(const Frame&) const = default;
  };
  struct Used {
    std::string text;
    int32_t parent = -1;
    bool operator==(const Used&) const = default;
  };
  struct Configuration {
    const ByteDfa* terminal = nullptr;  // nullptr: the answer is complete
    int32_t state = 0;
    uint32_t characters = 0;  // of a string with bounds
    int32_t frame = -1;
    ValueId value = -1;  // which the terminal reads, if it reads one
    uint32_t begin = 0;  // where its bytes begin; 0 if nobody will ask
    auto operator<=>(const Configuration&) const = default;
  };
  using Configurations = std::vector<Configuration>;

  int32_t intern(const Frame& frame);
  int32_t intern(const Used& used);
  Grammar::Used texts_of(int32_t used);

  void add(Configurations& to, const Configuration& c) const;
  void deduplicate(Configurations& places);
  void start_rule(Configurations& to, RuleId rule, int32_t frame);
  void start_value(Configurations& to, ValueId value, int32_t frame, int32_t used);
  void start_item(Configurations& to, const Frame& array);
  void start_key(Configurations& to, const Frame& object, bool first);
  void proceed(Configurations& to, int32_t frame);
  void complete(Configurations& to, const Configuration& c, int32_t label);
  void step(const Configurations& from, uint8_t byte, Configurations& to);
  void walk(const ByteTrie& trie, const Configuration& from, const Configurations& start,
            const std::vector<TokenId>& except);
  void try_each(std::span<const ByteTrie::Entry> tokens);
  void add_state(const Configuration& c);
  uint64_t cost_after(const Configuration& c, int32_t label) const;
  std::vector<std::pair<uint64_t, uint8_t>> ways_out(const Configuration& c) const;
  Configurations after(std::string_view bytes);

  const std::shared_ptr<const Grammar> grammar_;
  const std::shared_ptr<StateMasks> masks_;
  std::string text_;                                        // accepted, and the path of a running walk
  std::vector<std::pair<Configurations, size_t>> history_;  // places after each piece, and the text's length
  std::vector<Frame> frames_;
  std::unordered_multimap<size_t, int32_t> frame_numbers_;
  std::vector<Used> used_;
  std::vector<Configurations> levels_;  // scratch of walks
  TokenMask mask_;
  // A walk behind the end of a key or item does not know its text, which tokens of many texts share. Where that
  // text matters, the tokens are tried one by one.
  bool text_is_known_ = true, needs_text_ = false;
  bool overloaded_ = false;
  size_t work_ = 0;  // places followed by a byte, of the last mask
};

}  // namespace understudy
