#include "engine/page_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

namespace understudy {
namespace {

TEST(PagePool, CountsHeldAndIdlePages) {
  auto created = PagePool::create(4096, 3);
  ASSERT_TRUE(created.ok());
  PagePool pool = std::move(*created);
  std::byte *a = pool.allocate(), *b = pool.allocate();
  EXPECT_EQ(pool.held(), 2u);
  pool.keep(a);
  pool.hold(a);
  pool.release(a);
  EXPECT_EQ(pool.held(), 2u);
  pool.release(a);  // the tree's alone
  EXPECT_EQ(pool.held(), 1u);
  EXPECT_EQ(pool.idle(), 1u);
  EXPECT_FALSE(pool.is_held(a));
  pool.hold(a);
  EXPECT_EQ(pool.idle(), 0u);
  pool.drop(a);  // still held
  EXPECT_EQ(pool.held(), 2u);
  pool.release(a);
  pool.release(b);
  EXPECT_EQ(pool.held() + pool.idle(), 0u);
}

TEST(PagePool, PagesAreDistinctAlignedAndReused) {
  auto created = PagePool::create(192, 1000);
  ASSERT_TRUE(created.ok());
  PagePool pool = std::move(*created);
  std::set<std::byte*> pages;
  for (int i = 0; i < 1000; i++) {
    std::byte* page = pool.allocate();
    std::memset(page, i, 192);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(page) % 64, 0u);
    for (std::byte* other : {pages.empty() ? page - 192 : *pages.rbegin()}) EXPECT_GE(page - other, 192);
    pages.insert(page);
  }
  EXPECT_EQ(pages.size(), 1000u);
  for (std::byte* page : pages) pool.release(page);
  for (int i = 0; i < 1000; i++) EXPECT_EQ(pages.count(pool.allocate()), 1u);
  EXPECT_EQ(pool.committed(), 1000u);
}

TEST(PagePool, TrimReturnsTheMemoryOfFreePages) {
  auto created = PagePool::create(8192, 4);
  ASSERT_TRUE(created.ok());
  PagePool pool = std::move(*created);
  std::byte *a = pool.allocate(), *b = pool.allocate();
  for (std::byte* page : {a, b}) std::memset(page, 7, 8192);
  pool.release(a);
  EXPECT_TRUE(pool.allocates_committed());
  EXPECT_EQ(pool.trim(5), 1u);
  EXPECT_EQ(pool.committed(), 1u);
  EXPECT_FALSE(pool.allocates_committed());
  EXPECT_EQ(pool.allocate(), a);
  EXPECT_EQ(a[100], std::byte{0});  // fresh memory
  EXPECT_EQ(b[100], std::byte{7});
}

TEST(PagePool, AbsurdSizesAreAnError) {
  EXPECT_FALSE(PagePool::create(size_t{1} << 40, size_t{1} << 40).ok());
  EXPECT_FALSE(PagePool::create(4096, size_t{1} << 50).ok());
}

}  // namespace
}  // namespace understudy
