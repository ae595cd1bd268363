#include "engine/state_cache.h"

#include <gtest/gtest.h>

#include "engine/prefill_plan.h"
#include "engine/testing/engine_client.h"

namespace understudy {
namespace {

constexpr size_t kPage = 128;
constexpr int kChunk = 32;

std::unique_ptr<StateCache> make_cache(const std::vector<int>& windows, size_t snapshot_bytes,
                                       size_t budget_pages) {
  std::vector<PageGroup> groups;
  for (int window : windows) groups.push_back({window, kPage});
  auto cache = StateCache::create(groups, snapshot_bytes, kChunk, budget_pages * kPage);
  EXPECT_TRUE(cache.ok());
  return std::move(*cache);
}

// Computes rows up to `end` in chunks.
void compute(StateCache& cache, SequenceState& state, const std::vector<TokenId>& prompt, int end) {
  int size = static_cast<int>(prompt.size());
  while (state.position < end) {
    int next =
        std::min({state.position + kChunk, end, next_cut(std::min(state.position, size - 1), size, true)});
    if (state.position >= size) next = state.position + 1;
    cache.extend(state, next);
    cache.commit(state, prompt, next, is_snapshot_position(next, size));
  }
}

// Computes a prompt and forgets the sequence; what stays is the tree's.
void cache_prompt(StateCache& cache, const std::vector<TokenId>& prompt) {
  SequenceState state;
  ASSERT_TRUE(cache.admit(state, "", prompt, static_cast<int>(prompt.size()), true));
  compute(cache, state, prompt, static_cast<int>(prompt.size()));
  cache.release(state);
}

int cached_tokens(StateCache& cache, const std::vector<TokenId>& prompt, const std::string& key = "") {
  SequenceState state;
  EXPECT_TRUE(cache.admit(state, key, prompt, static_cast<int>(prompt.size()), true));
  int tokens = state.position;
  cache.release(state);
  return tokens;
}

TEST(StateCache, WindowPagesAreReleasedBehindTheWindow) {
  auto cache = make_cache({0, 40}, 0, 1000);
  auto prompt = random_tokens(200, 1);
  SequenceState state;
  ASSERT_TRUE(cache->admit(state, "", prompt, 400, true));
  size_t most = StateCache::sequence_bytes(std::vector<PageGroup>{{40, kPage}}, 0, kChunk, 400);
  for (int end = 10; end <= 400; end += 10) {
    compute(*cache, state, prompt, end);
    int first = end < 40 ? 0 : (end - 39) / kPageTokens;
    for (int p = 0; p * kPageTokens < end; p++) {
      EXPECT_NE(state.pages[0][static_cast<size_t>(p)], nullptr);
      EXPECT_EQ(state.pages[1][static_cast<size_t>(p)] != nullptr, p >= first)
          << "page " << p << " at " << end;
    }
    EXPECT_LE(cache->held_bytes() - state.pages[0].size() * kPage, most);
  }
  cache->release(state);
  EXPECT_EQ(cache->held_bytes(), 0u);
  EXPECT_EQ(cache->idle_bytes(), 2 * 12 * kPage);  // the prompt's full pages
}

TEST(StateCache, ReservesTheWorstCaseAndSharesWhatIsHeld) {
  auto cache = make_cache({0}, 0, 20);
  auto prompt = random_tokens(160, 2);
  SequenceState a, b, c, stranger;
  ASSERT_TRUE(cache->admit(a, "", prompt, 192, true));  // 12 of 20 pages
  EXPECT_FALSE(cache->admit(b, "", prompt, 192, true));
  compute(*cache, a, prompt, 160);
  ASSERT_TRUE(cache->admit(b, "", prompt, 192, true));  // 9 shared, 3 of its own
  EXPECT_EQ(b.position, 144);
  EXPECT_FALSE(cache->admit(stranger, "", random_tokens(160, 3), 192, true));
  EXPECT_FALSE(cache->admit(stranger, "tenant", prompt, 192, true));
  ASSERT_TRUE(cache->admit(c, "", prompt, 192, true));
  compute(*cache, a, prompt, 192);
  compute(*cache, b, prompt, 192);
  compute(*cache, c, prompt, 192);
  EXPECT_EQ(cache->held_bytes(), (10 + 3 * 2) * kPage);  // the tenth page was computed thrice and kept once
  for (auto* state : {&a, &b, &c}) cache->release(*state);
  EXPECT_EQ(cache->held_bytes(), 0u);
  ASSERT_TRUE(
      cache->admit(stranger, "", random_tokens(160, 3), 320, true));  // all of it, so the tree gives way
  compute(*cache, stranger, random_tokens(160, 3), 320);
  EXPECT_EQ(cache->held_bytes(), 20 * kPage);
  EXPECT_EQ(cache->idle_bytes(), 0u);
  cache->release(stranger);
}

TEST(StateCache, TheSamePromptComputedTwiceIsKeptOnce) {
  auto cache = make_cache({0, 20}, 8, 1000);
  auto prompt = random_tokens(100, 4);
  SequenceState a, b;
  ASSERT_TRUE(cache->admit(a, "", prompt, 100, false));
  ASSERT_TRUE(cache->admit(b, "", prompt, 100, false));
  compute(*cache, a, prompt, 64);
  compute(*cache, b, prompt, 100);
  compute(*cache, a, prompt, 100);
  for (size_t p = 0; p < 6; p++) EXPECT_EQ(a.pages[0][p], b.pages[0][p]);
  EXPECT_NE(a.pages[0][6], b.pages[0][6]);  // not full
  EXPECT_EQ(a.pages[1][5], b.pages[1][5]);
  EXPECT_NE(a.snapshot, b.snapshot);
  cache->release(a);
  cache->release(b);
  EXPECT_EQ(cache->held_bytes(), 0u);
}

TEST(StateCache, ASequenceGoesOnFromPagesThatAppearWhileItWaits) {
  auto cache = make_cache({0, 20}, 0, 1000);
  auto prompt = random_tokens(200, 5);
  SequenceState a, b;
  ASSERT_TRUE(cache->admit(a, "", prompt, 200, true));
  ASSERT_TRUE(cache->admit(b, "", prompt, 200, true));
  EXPECT_EQ(b.position, 0);
  compute(*cache, b, prompt, 32);
  compute(*cache, a, prompt, 128);
  EXPECT_EQ(cache->advance_by_reuse(b, prompt), 96);
  EXPECT_EQ(cache->advance_by_reuse(b, prompt), 0);
  EXPECT_EQ(b.position, 128);
  for (size_t p = 0; p < 8; p++) {
    EXPECT_EQ(b.pages[0][p], a.pages[0][p]);
    EXPECT_EQ(b.pages[1][p], a.pages[1][p]);  // present behind neither's window
  }
  compute(*cache, b, prompt, 200);
  cache->release(a);
  cache->release(b);
  EXPECT_EQ(cache->held_bytes(), 0u);
}

TEST(StateCache, AMatchLeavesATokenToComputeAndTenantsApart) {
  auto cache = make_cache({0}, 0, 1000);
  auto prompt = random_tokens(64, 6);
  cache_prompt(*cache, prompt);
  EXPECT_EQ(cached_tokens(*cache, prompt), 48);
  EXPECT_EQ(cached_tokens(*cache, prompt, "other"), 0);
  auto longer = prompt;
  longer.push_back(1);
  EXPECT_EQ(cached_tokens(*cache, longer), 64);
  longer[63]++;
  EXPECT_EQ(cached_tokens(*cache, longer), 48);
  longer[0]++;
  EXPECT_EQ(cached_tokens(*cache, longer), 0);
}

TEST(StateCache, WithSnapshotsAMatchEndsAtOne) {
  auto cache = make_cache({0}, 8, 1000);
  auto prompt = random_tokens(600, 7);
  cache_prompt(*cache, prompt);  // snapshots at 256, 512 and 592
  auto changed_at = [&](size_t position) {
    auto other = prompt;
    other[position]++;
    return cached_tokens(*cache, other);
  };
  EXPECT_EQ(cached_tokens(*cache, prompt), 592);
  EXPECT_EQ(changed_at(599), 592);
  EXPECT_EQ(changed_at(591), 512);
  EXPECT_EQ(changed_at(511), 256);
  EXPECT_EQ(changed_at(255), 0);
}

TEST(StateCache, TheSnapshotOfAMatchIsCopied) {
  auto cache = make_cache({}, 8, 100);
  auto prompt = random_tokens(40, 8);
  SequenceState a, b, fresh;
  ASSERT_TRUE(cache->admit(a, "", prompt, 40, true));
  EXPECT_EQ(a.snapshot[0], std::byte{0});
  cache->extend(a, 32);
  a.snapshot[0] = std::byte{42};
  cache->commit(a, prompt, 32, true);
  a.snapshot[0] = std::byte{43};
  ASSERT_TRUE(cache->admit(b, "", prompt, 40, true));
  EXPECT_EQ(b.position, 32);
  EXPECT_EQ(b.snapshot[0], std::byte{42});
  cache->release(a);
  ASSERT_TRUE(cache->admit(fresh, "", random_tokens(40, 9), 40, true));
  EXPECT_EQ(fresh.snapshot[0], std::byte{0});
  cache->release(b);
  cache->release(fresh);
}

TEST(StateCache, TheLeastRecentlyUsedLeavesGoFirst) {
  auto cache = make_cache({0}, 0, 40);
  auto a = random_tokens(160, 10), b = random_tokens(160, 11), c = random_tokens(160, 12),
       d = random_tokens(160, 13);
  for (auto& prompt : {a, b, c, d}) cache_prompt(*cache, prompt);  // 10 pages each
  cache_prompt(*cache, a);
  cache_prompt(*cache, random_tokens(80, 14));  // 5 pages: the end of b
  EXPECT_EQ(cached_tokens(*cache, b), 80);
  EXPECT_EQ(cached_tokens(*cache, a), 144);
  EXPECT_EQ(cached_tokens(*cache, c), 144);
  EXPECT_EQ(cached_tokens(*cache, d), 144);
}

TEST(StateCache, PagesBehindWindowsGoBeforeLeaves) {
  auto cache = make_cache({0, 32}, 0, 44);
  auto a = random_tokens(321, 15);  // 20 full pages in each group
  SequenceState state;
  ASSERT_TRUE(cache->admit(state, "", a, 321, true));
  compute(*cache, state, a, 321);
  cache->release(state);
  ASSERT_EQ(cache->idle_bytes(), 40 * kPage);
  SequenceState other;
  auto b = random_tokens(176, 16);
  ASSERT_TRUE(cache->admit(other, "", b, 176, true));
  compute(*cache, other, b, 176);
  cache->release(other);
  EXPECT_EQ(cached_tokens(*cache, a), 320);  // still whole from its end
  auto middle = std::vector<TokenId>(a.begin(), a.begin() + 161);
  EXPECT_EQ(cached_tokens(*cache, middle), 0);  // but not from its middle
}

TEST(StateCache, ABranchKeepsTheWindowItNeeds) {
  auto cache = make_cache({0, 32}, 0, 64);
  auto a = random_tokens(321, 17), b = a;
  for (size_t i = 160; i < b.size(); i++) b[i] = (a[i] + 1) % 97;
  cache_prompt(*cache, a);
  cache_prompt(*cache, b);
  auto third = std::vector<TokenId>(a.begin(), a.begin() + 161);
  third[160] = (a[160] + 2) % 97;
  for (uint64_t seed = 18; seed < 20; seed++) cache_prompt(*cache, random_tokens(40, seed));
  EXPECT_EQ(cached_tokens(*cache, third), 160);
}

}  // namespace
}  // namespace understudy
