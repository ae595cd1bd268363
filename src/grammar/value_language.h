// Languages of JSON values in the form that is walked byte by byte: what a schema compiles to. Every part is
// productive: from each place that can be reached, some end can be reached.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grammar/dfa.h"

namespace understudy {

constexpr uint32_t kEndless = UINT32_MAX;
using ValueId = int32_t;  // into ValueGrammar::values; -1: no value is possible

struct StringLanguage {
  Dfa texts;                          // by content, before JSON escapes
  uint32_t low = 0, high = kEndless;  // code points; bounds only where can_count_lengths()
};

struct PropertyLanguage {
  std::string name;
  ValueId value = -1;  // -1: an object must not have it
  bool required = false;
};

struct KeyClass {
  Dfa keys;
  ValueId value = -1;
  ValueId witness = -1;  // a value that makes the property one of which the object needs one; part of `value`
};

// Properties in the order in which they are written, then keys that none of them names; of several classes a
// key is in the first that has it.
struct ObjectLanguage {
  std::vector<PropertyLanguage> properties;
  std::vector<KeyClass> classes;
  uint32_t low = 0, high = kEndless;  // properties
  bool needs_witness = false;         // keys of classes with a witness are endless, and so is `high`
};

// What an item may be; `counted`: it is one of those that `contains` asks for.
struct ItemOption {
  ValueId value = -1;
  bool counted = false;
};

struct ArrayLanguage {
  std::vector<std::vector<ItemOption>> prefix;
  std::vector<ItemOption> rest;
  uint32_t low = 0, high = kEndless;                  // items
  uint32_t counted_low = 0, counted_high = kEndless;  // items that are counted
  bool unique = false;                                // texts of items differ

  const std::vector<ItemOption>& at(size_t index) const {
    return index < prefix.size() ? prefix[index] : rest;
  }
};

struct ValueLanguage {
  bool null = false, yes = false, no = false;
  Dfa numbers = no_text();
  std::vector<StringLanguage> strings;
  std::vector<ArrayLanguage> arrays;
  std::vector<ObjectLanguage> objects;

  bool empty() const {
    return !null && !yes && !no && numbers.empty() && strings.empty() && arrays.empty() && objects.empty();
  }
};

struct ValueGrammar {
  std::vector<ValueLanguage> values;
  ValueId root = -1;
};

}  // namespace understudy
