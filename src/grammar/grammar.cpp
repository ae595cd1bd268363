#include "grammar/grammar.h"

#include <algorithm>

namespace understudy {

namespace {

// Terminals are made from languages that were compiled within a budget of their own.
constexpr size_t kTerminalBudget = 2'000'000;

enum Which : int { text_key, value_key, separator_key, object_key };

// `texts` without those of `used`; nothing if that is too much work.
Dfa without(const Dfa& texts, const Grammar::Used& used) {
  if (used.empty() || texts.empty()) return texts;
  Budget budget(kTerminalBudget);
  std::vector<std::vector<uint32_t>> list;
  for (const std::string& text : used) list.push_back(code_points(text));
  const Dfa excluded = relabelled(texts_dfa(list), -1);
  DfaResult both = first_of({&excluded, &texts}, budget);
  return both ? restricted(*both, [](int32_t label) { return label > 0; }) : no_text();
}

size_t bytes_of(const Dfa& dfa) {
  size_t sum = 0;
  for (const Dfa::State& s : dfa.states) sum += sizeof(s) + s.edges.size() * sizeof(Dfa::Edge);
  return sum;
}

size_t bytes_of(const ValueGrammar& grammar) {
  size_t sum = 0;
  for (const ValueLanguage& v : grammar.values) {
    sum += sizeof(v) + bytes_of(v.numbers);
    for (const StringLanguage& strings : v.strings) sum += bytes_of(strings.texts);
    for (const ArrayLanguage& array : v.arrays)
      sum += sizeof(array) + array.prefix.size() * sizeof(array.rest);
    for (const ObjectLanguage& object : v.objects) {
      for (const PropertyLanguage& p : object.properties) sum += sizeof(p) + p.name.size();
      for (const KeyClass& keys : object.classes) sum += bytes_of(keys.keys);
    }
  }
  return sum;
}

// Labelled by their order.
Dfa names_of(const ObjectLanguage& object) {
  std::vector<std::vector<uint32_t>> names;
  for (const PropertyLanguage& p : object.properties) names.push_back(code_points(p.name));
  return texts_dfa(names, Grammar::first_key);
}

std::vector<Rule> one_value(ValueId id) {
  Rule rule;
  rule.kind = Rule::Kind::value;
  rule.value = id;
  return {rule};
}

}  // namespace

Grammar::Grammar(ValueGrammar values, std::vector<Rule> rules, RuleId root, KeyOrder order, Layout layout)
    : values_(std::move(values)), rules_(std::move(rules)), root_(root), order_(order), layout_(layout) {
  find_shortest();
  bytes_ = bytes_of(values_);
}

Grammar::Grammar(ValueGrammar values, KeyOrder order, Layout layout)
    : values_(std::move(values)), rules_(one_value(values_.root)), root_(0), order_(order), layout_(layout) {
  find_shortest();
  bytes_ = bytes_of(values_);
}

uint64_t Grammar::shortest(const ObjectLanguage& object) const {
  uint64_t sum = 2;
  for (const PropertyLanguage& p : object.properties) {
    if (p.required) sum += p.name.size() + 4 + shortest(p.value);
  }
  uint64_t witness = object.needs_witness ? kUnreachable : 0;
  for (const KeyClass& keys : object.classes) {
    if (keys.witness >= 0) witness = std::min(witness, 5 + shortest(keys.witness));
  }
  return std::min(sum + object.low + witness, kUnreachable);
}

uint64_t Grammar::shortest(const ArrayLanguage& array) const {
  uint64_t sum = 2;
  const auto least = [&](const std::vector<ItemOption>& options) {
    uint64_t cost = kUnreachable;
    for (const ItemOption& o : options) cost = std::min(cost, shortest(o.value));
    return cost + 1;
  };
  for (size_t i = 0; i < array.prefix.size() && i < array.low; i++) sum += least(array.prefix[i]);
  if (array.low > array.prefix.size()) {
    const uint64_t cost = least(array.rest), count = array.low - array.prefix.size();
    sum += cost >= kUnreachable / count ? kUnreachable : cost * count;
  }
  return std::min(sum, kUnreachable);
}

// Falls until nothing becomes shorter (Knuth, "A Generalization of Dijkstra's Algorithm", 1977, without its queue).
void Grammar::find_shortest() {
  shortest_.assign(values_.values.size(), kUnreachable);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t id = 0; id < shortest_.size(); id++) {
      const ValueLanguage& v = values_.values[id];
      uint64_t least = v.null || v.yes ? 4 : v.no ? 5 : kUnreachable;
      for (const StringLanguage& s : v.strings) least = std::min<uint64_t>(least, 2 + uint64_t{s.low});
      if (!v.numbers.empty()) least = std::min<uint64_t>(least, 1);
      for (const ArrayLanguage& a : v.arrays) least = std::min(least, shortest(a));
      for (const ObjectLanguage& o : v.objects) least = std::min(least, shortest(o));
      if (least >= shortest_[id]) continue;
      shortest_[id] = least;
      changed = true;
    }
  }
}

template <typename Make>
const ByteDfa& Grammar::terminal(const Key& key, Make&& make) const {
  std::lock_guard lock(mutex_);
  auto& place = terminals_[key];
  if (!place) {
    place = std::make_unique<const ByteDfa>(make());
    bytes_ += place->table.size() * sizeof(int32_t) + place->label.size() * 5;
  }
  return *place;
}

size_t Grammar::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

const ByteDfa& Grammar::text_terminal(RuleId id) const {
  return terminal({text_key, {id, 0, 0, 0, false, false}, {}}, [&] {
    ByteDfaBuilder builder;
    builder.add_raw(0, relabelled(rule(id).text, rule(id).last ? ByteDfa::kLast : int32_t{text_done}));
    return std::move(builder).build();
  });
}

const ByteDfa& Grammar::separator_terminal(bool may_continue, bool may_close) const {
  const auto which = static_cast<uint32_t>(may_continue) * 2 + static_cast<uint32_t>(may_close);
  return terminal({separator_key, {-1, 0, which, 0, false, false}, {}}, [&] {
    ByteDfaBuilder builder;
    if (may_continue) builder.link_text(0, separator(','), builder.add_state(comma));
    if (may_close) builder.link(0, ']', ']', builder.add_state(close));
    return std::move(builder).build();
  });
}

const ByteDfa& Grammar::value_terminal(ValueId id, const Used& used) const {
  return terminal({value_key, {id, 0, 0, 0, false, false}, used}, [&] { return make_value(id, used); });
}

ByteDfa Grammar::make_value(ValueId id, const Used& used) const {
  const ValueLanguage& v = value(id);
  ByteDfaBuilder builder;
  const auto word = [&](bool possible, const char* text) {
    const bool is_used = std::find(used.begin(), used.end(), text) != used.end();
    if (possible && !is_used) builder.link_text(0, text, builder.add_state(value_done));
  };
  word(v.null, "null");
  word(v.yes, "true");
  word(v.no, "false");
  if (!v.objects.empty()) builder.link(0, '{', '{', builder.add_state(object_begin));
  if (!v.arrays.empty()) builder.link(0, '[', '[', builder.add_state(array_begin));
  uint32_t low = 0, high = kEndless;
  if (!v.strings.empty()) {
    const StringLanguage& strings = v.strings[0];
    Dfa texts = strings.texts;
    Used contents;  // used strings stand between quotes
    for (const std::string& text : used) {
      if (text.starts_with('"')) contents.push_back(text.substr(1, text.size() - 2));
    }
    texts = without(texts, contents);
    if (contents.empty() || (can_count_lengths(texts, strings.low) && shortest_text(texts) <= strings.high)) {
      low = strings.low;
      high = strings.high;
    } else {
      Budget budget(kTerminalBudget);
      if (strings.low > 0 || strings.high < kEndless) {
        DfaResult bounded = with_length(texts, strings.low, strings.high, budget);
        texts = bounded ? std::move(*bounded) : no_text();
      }
    }
    if (!texts.empty()) {
      const int32_t begin = builder.add_state(0), end = builder.add_state(value_done);
      builder.link(0, '"', '"', begin);
      builder.add_string(begin, texts, [&](int32_t) { return end; });
    }
  }
  const Dfa numbers = relabelled(without(v.numbers, used), value_done);
  if (!numbers.empty()) builder.add_raw(0, numbers);
  return std::move(builder).build(low, high);
}

// Names and classes of an object, whatever came before.
const Dfa& Grammar::all_keys(const ObjectPlace& place) const {
  const auto key = std::pair(place.value, place.alternative);
  if (const auto it = all_keys_.find(key); it != all_keys_.end()) return it->second;
  const ObjectLanguage& object = value(place.value).objects[static_cast<size_t>(place.alternative)];
  std::vector<Dfa> parts{names_of(object)};
  for (const KeyClass& k : object.classes) {
    const auto label = static_cast<int32_t>(first_key + object.properties.size() + parts.size() - 1);
    parts.push_back(relabelled(k.keys, label));
  }
  std::vector<const Dfa*> all;
  for (const Dfa& d : parts) all.push_back(&d);
  Budget budget(kTerminalBudget);
  DfaResult joined = parts.size() == 1 ? DfaResult(parts[0]) : first_of(all, budget);
  return all_keys_.emplace(key, joined ? std::move(*joined) : no_text()).first->second;
}

const ByteDfa& Grammar::key_terminal(const ObjectPlace& place, const Used& used) const {
  return terminal({object_key, place, used}, [&] { return make_keys(place, used); });
}

ByteDfa Grammar::make_keys(const ObjectPlace& place, const Used& used) const {
  const ObjectLanguage& object = value(place.value).objects[static_cast<size_t>(place.alternative)];
  const std::vector<PropertyLanguage>& properties = object.properties;
  const auto is_used = [&](const std::string& name) {
    return std::find(used.begin(), used.end(), name) != used.end();
  };
  const auto is_open = [&](size_t i) {  // may still be written
    return i >= place.progress && properties[i].value >= 0 &&
           (order_ == KeyOrder::declared || !is_used(properties[i].name));
  };

  uint64_t possible = 0, required = 0;  // of what is left
  size_t first_required = properties.size();
  for (size_t i = properties.size(); i-- > 0;) {
    if (!is_open(i)) continue;
    possible++;
    if (!properties[i].required) continue;
    required++;
    first_required = i;
  }
  const auto first_class = static_cast<int32_t>(first_key + properties.size());
  const bool counts = object.low > 0 || object.high < kEndless;
  // Where classes cannot come yet, what they are need not be computed: an object of many alternatives begins with them all.
  const bool classes_follow = order_ == KeyOrder::any || required == 0;
  Dfa keys = classes_follow || counts ? without(all_keys(place), used) : names_of(object);
  if (!object.classes.empty()) {
    const bool endless = !counts;  // or nobody asks
    possible += endless
                    ? kEndless
                    : count_texts(restricted(keys, [&](int32_t l) { return l >= first_class; }), kEndless)[0];
  }

  // Whether the object can end once one more property is there, of which `left` others may and `needed` must
  // follow.
  const auto fits = [&](uint64_t left, uint64_t needed) {
    return !counts || (place.count + 1 + left >= object.low && place.count + 1 + needed <= object.high);
  };
  std::vector<bool> allowed(properties.size() + object.classes.size(), false);
  uint64_t left = possible, needed = required;
  for (size_t i = 0; i < properties.size(); i++) {
    if (!is_open(i)) continue;
    if (order_ == KeyOrder::declared) {
      left--;
      needed -= properties[i].required;
      allowed[i] = i <= first_required && fits(left, needed);
    } else {
      allowed[i] = fits(possible - 1, required - properties[i].required);
    }
  }
  if (classes_follow && possible > 0) {
    const bool fit = fits((order_ == KeyOrder::any ? possible : left) - 1, required);
    for (size_t k = 0; k < object.classes.size(); k++) allowed[properties.size() + k] = fit;
  }
  keys = restricted(keys, [&](int32_t label) { return allowed[static_cast<size_t>(label - first_key)]; });

  ByteDfaBuilder builder;
  if (required == 0 && (!counts || place.count >= object.low) && (!object.needs_witness || place.witnessed))
    builder.link(0, '}', '}', builder.add_state(close));
  if (!keys.empty() && (!counts || place.count < object.high)) {
    int32_t quote = 0;
    if (!place.first) builder.link_text(0, separator(','), quote = builder.add_state(0));
    const int32_t begin = builder.add_state(0);
    builder.link(quote, '"', '"', begin);
    std::map<int32_t, int32_t> colons;  // by label
    builder.add_string(begin, keys, [&](int32_t label) {
      const auto [it, fresh] = colons.emplace(label, 0);
      if (fresh) {
        it->second = builder.add_state(0);
        builder.link_text(it->second, separator(':'), builder.add_state(label));
      }
      return it->second;
    });
  }
  return std::move(builder).build();
}

}  // namespace understudy
