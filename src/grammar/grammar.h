// Grammar: what an answer may be, ready to be walked byte by byte. Rules join texts and JSON values; terminals
// (byte automata) are made when a walk first needs them.
//
// Thread-safe: many matchers may walk one grammar.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "grammar/byte_dfa.h"
#include "grammar/value_language.h"

namespace understudy {

using RuleId = int32_t;

struct Rule {
  enum class Kind { text, value, sequence, choice };
  Kind kind = Kind::text;
  Dfa text = no_text();       // text: as it is, no escapes; must not contain the empty text
  bool last = false;          // text: nothing can follow it
  ValueId value = -1;         // value: a JSON value
  std::vector<RuleId> parts;  // sequence: all, in order (none: the empty text); choice: one of them
};

// Members are met in declared order, which models follow best and which makes texts unique; `any` is for
// checking texts that others have written.
enum class KeyOrder { declared, any };

// White space in JSON values. `spaced` is one space behind each comma and colon, as Python's json.dumps writes: small
// models have read most of their JSON so, and answer worse when it is taken from them (docs/design/locked-output.md).
enum class Layout { compact, spaced };

class Grammar {
 public:
  // Labels of terminals.
  enum Label : int32_t { value_done = 1, object_begin, array_begin, close, comma, text_done, first_key = 16 };

  Grammar(ValueGrammar values, std::vector<Rule> rules, RuleId root, KeyOrder order = KeyOrder::declared,
          Layout layout = Layout::compact);
  // One JSON value.
  explicit Grammar(ValueGrammar values, KeyOrder order = KeyOrder::declared, Layout layout = Layout::compact);

  const Rule& rule(RuleId id) const { return rules_[static_cast<size_t>(id)]; }
  RuleId root() const { return root_; }
  const ValueLanguage& value(ValueId id) const { return values_.values[static_cast<size_t>(id)]; }
  KeyOrder order() const { return order_; }

  // Texts that must not come again: keys of an object, items of a unique array.
  using Used = std::vector<std::string>;

  // Terminals live as long as the grammar.
  const ByteDfa& text_terminal(RuleId rule) const;
  // A value from its first byte: scalars whole, the brackets that open the others.
  const ByteDfa& value_terminal(ValueId value, const Used& used) const;
  // What follows an item.
  const ByteDfa& separator_terminal(bool may_continue, bool may_close) const;

  struct ObjectPlace {
    ValueId value = -1;
    int32_t alternative = 0;
    uint32_t progress = 0;  // properties before it are written or left out; declared order
    uint32_t count = 0;     // properties so far, if the object counts them
    bool first = true;
    bool witnessed = false;  // the witness that the object needs is there
    auto operator<=>(const ObjectPlace&) const = default;
  };
  // Up to the colon of the next property (label first_key + its index; classes come behind the properties), or
  // the closing brace.
  const ByteDfa& key_terminal(const ObjectPlace& place, const Used& used) const;

  // Bytes of a short text of the value or alternative, for those who look for a way to the end: smaller for what is
  // nearer to it.
  static constexpr uint64_t kUnreachable = uint64_t{1} << 60;
  uint64_t shortest(ValueId value) const { return shortest_[static_cast<size_t>(value)]; }
  uint64_t shortest(const ObjectLanguage& object) const;
  uint64_t shortest(const ArrayLanguage& array) const;

  // Bytes that values and terminals take, for a bound on caches.
  size_t bytes() const;

 private:
  using Key = std::tuple<int, ObjectPlace, Used>;

  template <typename Make>
  const ByteDfa& terminal(const Key& key, Make&& make) const;
  ByteDfa make_value(ValueId id, const Used& used) const;
  ByteDfa make_keys(const ObjectPlace& place, const Used& used) const;
  const Dfa& all_keys(const ObjectPlace& place) const;

  void find_shortest();
  std::string separator(char mark) const {
    return layout_ == Layout::spaced ? std::string{mark, ' '} : std::string{mark};
  }

  const ValueGrammar values_;
  const std::vector<Rule> rules_;
  const RuleId root_;
  const KeyOrder order_;
  const Layout layout_;
  std::vector<uint64_t> shortest_;  // by value

  mutable std::mutex mutex_;
  mutable std::map<Key, std::unique_ptr<const ByteDfa>> terminals_;
  mutable std::map<std::pair<ValueId, int32_t>, Dfa> all_keys_;
  mutable size_t bytes_ = 0;
};

}  // namespace understudy
