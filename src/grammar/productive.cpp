#include "grammar/productive.h"

#include <algorithm>

namespace understudy {

namespace {

class Pruner {
 public:
  explicit Pruner(ValueGrammar& grammar) : grammar_(grammar), productive_(grammar.values.size(), false) {}

  void run() {
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t id = 0; id < productive_.size(); id++) {
        if (productive_[id] || !can_end(grammar_.values[id])) continue;
        productive_[id] = changed = true;
      }
    }
    for (ValueLanguage& value : grammar_.values) {
      std::erase_if(value.arrays, [&](ArrayLanguage& a) { return !prune(a); });
      std::erase_if(value.objects, [&](ObjectLanguage& o) { return !prune(o); });
    }
  }

 private:
  bool can_end(const ValueLanguage& value) const {
    if (value.null || value.yes || value.no || !value.numbers.empty() || !value.strings.empty()) return true;
    return std::any_of(value.arrays.begin(), value.arrays.end(), [&](ArrayLanguage a) { return prune(a); }) ||
           std::any_of(value.objects.begin(), value.objects.end(),
                       [&](ObjectLanguage o) { return prune(o); });
  }

  bool is_productive(ValueId id) const { return id >= 0 && productive_[static_cast<size_t>(id)]; }

  bool prune(ArrayLanguage& array) const {
    const auto keep = [&](std::vector<ItemOption>& options) {
      std::erase_if(options, [&](const ItemOption& o) { return !is_productive(o.value); });
      return !options.empty();
    };
    for (size_t i = 0; i < array.prefix.size(); i++) {
      if (keep(array.prefix[i])) continue;
      array.high = std::min(array.high, static_cast<uint32_t>(i));
      array.prefix.resize(i);
      break;
    }
    if (!keep(array.rest)) array.high = std::min(array.high, static_cast<uint32_t>(array.prefix.size()));
    if (array.low > array.high || countable_items(array, 0) < array.counted_low) return false;
    return forced_counts(array, 0) <= array.counted_high;
  }

  bool prune(ObjectLanguage& object) const {
    uint64_t possible = 0, required = 0;
    for (PropertyLanguage& p : object.properties) {
      if (!is_productive(p.value)) p.value = -1;
      if (p.required && p.value < 0) return false;
      possible += p.value >= 0;
      required += p.required;
    }
    std::erase_if(object.classes, [&](const KeyClass& k) { return !is_productive(k.value); });
    bool has_witness = false;
    for (KeyClass& k : object.classes) {
      possible += count_texts(k.keys, kEndless)[0];
      if (!is_productive(k.witness)) k.witness = -1;
      has_witness = has_witness || k.witness >= 0;
    }
    if (object.needs_witness && !has_witness) return false;
    return required <= object.high && possible >= object.low && object.low <= object.high;
  }

  ValueGrammar& grammar_;
  std::vector<bool> productive_;
};

}  // namespace

uint32_t countable_items(const ArrayLanguage& array, size_t from) {
  const auto counted = [](const std::vector<ItemOption>& options) {
    return std::any_of(options.begin(), options.end(), [](const ItemOption& o) { return o.counted; });
  };
  uint32_t count = 0;
  for (size_t i = from; i < array.prefix.size() && i < array.high; i++) count += counted(array.prefix[i]);
  const size_t rest = std::max(from, array.prefix.size());
  if (!counted(array.rest) || rest >= array.high) return count;
  return array.high == kEndless ? kEndless : count + (array.high - static_cast<uint32_t>(rest));
}

uint32_t forced_counts(const ArrayLanguage& array, size_t from) {
  const auto forced = [](const std::vector<ItemOption>& options) {
    return std::all_of(options.begin(), options.end(), [](const ItemOption& o) { return o.counted; });
  };
  uint32_t count = 0;
  for (size_t i = from; i < array.prefix.size() && i < array.low; i++) count += forced(array.prefix[i]);
  const size_t rest = std::max(from, array.prefix.size());
  if (rest < array.low && forced(array.rest)) count += array.low - static_cast<uint32_t>(rest);
  return count;
}

void keep_productive(ValueGrammar& grammar) { Pruner(grammar).run(); }

}  // namespace understudy
