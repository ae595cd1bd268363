#include "grammar/productive.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

ValueLanguage null_value() {
  ValueLanguage value;
  value.null = true;
  return value;
}

ValueLanguage array_of(std::vector<ItemOption> rest, uint32_t low = 0, uint32_t high = kEndless) {
  ArrayLanguage array;
  array.rest = std::move(rest);
  array.low = low;
  array.high = high;
  ValueLanguage value;
  value.arrays.push_back(std::move(array));
  return value;
}

ValueLanguage object_of(std::vector<PropertyLanguage> properties, uint32_t low = 0,
                        uint32_t high = kEndless) {
  ObjectLanguage object;
  object.properties = std::move(properties);
  object.low = low;
  object.high = high;
  ValueLanguage value;
  value.objects.push_back(std::move(object));
  return value;
}

ValueGrammar pruned(std::vector<ValueLanguage> values) {
  ValueGrammar grammar{std::move(values), 0};
  keep_productive(grammar);
  return grammar;
}

TEST(Productive, AValueThatOnlyRecursesIsEmpty) {
  EXPECT_TRUE(pruned({array_of({{0}}, 1)}).values[0].empty());
  EXPECT_FALSE(pruned({array_of({{0}})}).values[0].empty());
  EXPECT_TRUE(pruned({object_of({{"n", 0, true}})}).values[0].empty());
  EXPECT_FALSE(pruned({object_of({{"n", 0, false}})}).values[0].empty());
  const ValueGrammar ring =
      pruned({object_of({{"n", 1, true}}), array_of({{2}}, 1), object_of({{"n", 0, true}})});
  for (const ValueLanguage& value : ring.values) EXPECT_TRUE(value.empty());
}

TEST(Productive, OptionalPropertiesBecomeForbidden) {
  const ValueGrammar grammar = pruned({object_of({{"a", 1, false}, {"b", 2, false}}), {}, null_value()});
  ASSERT_EQ(grammar.values[0].objects.size(), 1u);
  EXPECT_EQ(grammar.values[0].objects[0].properties[0].value, -1);
  EXPECT_EQ(grammar.values[0].objects[0].properties[1].value, 2);
}

TEST(Productive, ObjectsNeedAsManyPropertiesAsTheyAskFor) {
  EXPECT_TRUE(pruned({object_of({{"a", 1, false}, {"b", 2, false}}, 2), {}, null_value()}).values[0].empty());
  EXPECT_FALSE(pruned({object_of({{"a", 1, false}, {"b", 1, false}}, 2), null_value()}).values[0].empty());
  EXPECT_TRUE(pruned({object_of({{"a", 1, true}, {"b", 1, true}}, 0, 1), null_value()}).values[0].empty());
  ValueLanguage keys = object_of({}, 2);
  keys.objects[0].classes.push_back({texts_dfa({code_points("x"), code_points("y")}), 1});
  EXPECT_FALSE(pruned({keys, null_value()}).values[0].empty());
  EXPECT_TRUE(pruned({keys, {}}).values[0].empty());
  keys.objects[0].low = 3;
  EXPECT_TRUE(pruned({keys, null_value()}).values[0].empty());
}

TEST(Productive, ArraysShrinkToWhatCanBeReached) {
  ValueLanguage tuple = array_of({{1}});
  tuple.arrays[0].prefix = {{{1}}, {{2}}, {{1}}};
  const ValueGrammar grammar = pruned({tuple, null_value(), {}});
  ASSERT_EQ(grammar.values[0].arrays.size(), 1u);
  EXPECT_EQ(grammar.values[0].arrays[0].high, 1u);
  EXPECT_EQ(grammar.values[0].arrays[0].prefix.size(), 1u);
  tuple.arrays[0].low = 2;
  EXPECT_TRUE(pruned({tuple, null_value(), {}}).values[0].empty());
  EXPECT_EQ(pruned({array_of({{1}}), {}}).values[0].arrays[0].high, 0u);
}

TEST(Productive, AlternativesGoOneByOne) {
  ValueLanguage value = array_of({{0}}, 1);
  value.objects = object_of({{"n", 1, true}}).objects;
  value.objects.push_back(object_of({}).objects[0]);
  const ValueGrammar grammar = pruned({value, {}});
  EXPECT_EQ(grammar.values[0].arrays.size(), 1u);  // an item may be the object that is left
  EXPECT_EQ(grammar.values[0].objects.size(), 1u);
}

TEST(Productive, CountedItems) {
  ArrayLanguage array;
  array.prefix = {{{1, true}}, {{1, false}}, {{1, true}, {1, false}}};
  array.rest = {{1, true}, {1, false}};
  EXPECT_EQ(countable_items(array, 0), kEndless);
  array.high = 5;
  EXPECT_EQ(countable_items(array, 0), 4u);
  EXPECT_EQ(countable_items(array, 1), 3u);
  EXPECT_EQ(countable_items(array, 4), 1u);
  EXPECT_EQ(countable_items(array, 5), 0u);
  array.high = 2;
  EXPECT_EQ(countable_items(array, 0), 1u);
  array.high = kEndless;
  array.rest = {{1, true}};
  array.low = 6;
  EXPECT_EQ(forced_counts(array, 0), 4u);
  EXPECT_EQ(forced_counts(array, 3), 3u);
  EXPECT_EQ(forced_counts(array, 6), 0u);
  array.low = 2;
  EXPECT_EQ(forced_counts(array, 0), 1u);
}

TEST(Productive, ContainsMustBeReachable) {
  ValueLanguage value = array_of({{1, true}, {2, false}}, 0, 2);
  value.arrays[0].counted_low = 2;
  EXPECT_FALSE(pruned({value, null_value(), null_value()}).values[0].empty());
  EXPECT_TRUE(pruned({value, {}, null_value()}).values[0].empty());
  value.arrays[0].counted_low = 3;
  EXPECT_TRUE(pruned({value, null_value(), null_value()}).values[0].empty());
  ValueLanguage forced = array_of({{1, true}}, 3);
  forced.arrays[0].counted_high = 2;
  EXPECT_TRUE(pruned({forced, null_value()}).values[0].empty());
}

}  // namespace
}  // namespace understudy
