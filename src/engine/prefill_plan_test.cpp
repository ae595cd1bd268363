#include "engine/prefill_plan.h"

#include <gtest/gtest.h>

#include <numeric>

#include "engine/testing/engine_client.h"

namespace understudy {
namespace {

using Rows = std::vector<int>;

TEST(PrefillPlan, OnePromptGetsAllRowsAndEndsAtPageBoundaries) {
  auto prompt = random_tokens(1000, 1);
  std::vector<Prefilling> one = {{prompt, 0, "", true, false}};
  EXPECT_EQ(plan_prefill(one, {256, 256, false}), Rows{256});
  EXPECT_EQ(plan_prefill(one, {250, 256, false}), Rows{240});
  one[0].position = 992;
  EXPECT_EQ(plan_prefill(one, {256, 256, false}), Rows{8});
  one[0].position = 0;
  one[0].scored = true;
  EXPECT_EQ(plan_prefill(one, {256, 40, false}), Rows{32});
}

TEST(PrefillPlan, AShortPromptDoesNotWaitForLongOnes) {
  auto a = random_tokens(5000, 1), b = random_tokens(5000, 2), c = random_tokens(30, 3);
  std::vector<Prefilling> three = {{a, 0, "", true, false}, {b, 0, "", true, false}, {c, 0, "", true, false}};
  EXPECT_EQ(plan_prefill(three, {256, 256, false}), (Rows{112, 112, 30}));
}

TEST(PrefillPlan, TheOldestGoFirstWhenThereAreFewerPagesThanPrompts) {
  std::vector<std::vector<TokenId>> prompts;
  std::vector<Prefilling> sequences;
  for (uint64_t i = 0; i < 5; i++) prompts.push_back(random_tokens(100 - 10 * i, i));
  for (auto& prompt : prompts) sequences.push_back({prompt, 0, "", true, false});
  EXPECT_EQ(plan_prefill(sequences, {40, 256, false}), (Rows{16, 16, 0, 0, 0}));
}

TEST(PrefillPlan, AnEqualBeginningIsComputedOnce) {
  auto a = random_tokens(500, 1), b = a, c = a;
  b[100] = (b[100] + 1) % 97;  // shares 96 tokens in whole pages
  std::vector<Prefilling> three = {
      {a, 0, "t", true, false}, {b, 0, "t", true, false}, {c, 0, "t", true, false}};
  EXPECT_EQ(plan_prefill(three, {64, 64, false}), (Rows{64, 0, 0}));
  three[0].position = 96;  // no more to gain for b
  three[1].position = 96;
  three[2].position = 96;
  EXPECT_EQ(plan_prefill(three, {64, 64, false}), (Rows{32, 32, 0}));
  three[2].reuse = false;
  EXPECT_EQ(plan_prefill(three, {96, 96, false}), (Rows{32, 32, 32}));
  three[2].reuse = true;
  three[2].key = "other";
  EXPECT_EQ(plan_prefill(three, {96, 96, false}), (Rows{32, 32, 32}));
}

TEST(PrefillPlan, WaitsForASnapshotOnlyIfOneWillComeWithinTheSharedPart) {
  auto a = random_tokens(600, 1), b = a;
  for (int differs_at : {100, 300}) {
    b = a;
    for (size_t i = static_cast<size_t>(differs_at); i < b.size(); i++) b[i] = (a[i] + 1) % 97;
    std::vector<Prefilling> two = {{a, 0, "", true, false}, {b, 0, "", true, false}};
    EXPECT_EQ(plan_prefill(two, {64, 64, true}), differs_at < 256 ? (Rows{32, 32}) : (Rows{64, 0}));
  }
}

TEST(PrefillPlan, ChunksEndWhereSnapshotsAreKept) {
  for (int size : {1, 15, 16, 17, 100, 256, 257, 272, 273, 600}) {
    std::vector<int> kept;
    for (int position = 0; position < size;) {
      int cut = next_cut(position, size, true);
      ASSERT_GT(cut, position);
      if (is_snapshot_position(cut, size)) kept.push_back(cut);
      position = cut;
    }
    std::vector<int> expected;
    for (int p = 256; p < size; p += 256) expected.push_back(p);
    int last = (size - 1) / 16 * 16;
    if (last > 0 && last % 256 != 0) expected.push_back(last);
    EXPECT_EQ(kept, expected) << size;
    EXPECT_EQ(next_cut(0, size, false), size);
  }
}

}  // namespace
}  // namespace understudy
