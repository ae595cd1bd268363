#include "app/hub_address.h"

#include <gtest/gtest.h>

#include "app/source.h"

namespace understudy {
namespace {

TEST(HubAddress, NamesRepositoryRevisionAndPath) {
  const auto plain = parse_hub_address("hf://org/repo");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->repository, "org/repo");
  EXPECT_EQ(plain->revision, "main");
  EXPECT_EQ(plain->path, "");
  const auto full = parse_hub_address("hf://Org-1/re.po_2@refs%2Fpr%2F1/folder/model v1.gguf");
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full->repository, "Org-1/re.po_2");
  EXPECT_EQ(full->revision, "refs%2Fpr%2F1");
  EXPECT_EQ(full->path, "folder/model v1.gguf");
  EXPECT_EQ(parse_hub_address("hf://org/repo/")->path, "");
}

TEST(HubAddress, RefusesWhatCouldReachAnotherPlace) {
  for (const char* bad :
       {"", "hf://", "hf:///", "hf://org", "hf://org/", "hf://org/@main", "hf://org/repo@", "hf://../repo",
        "hf://org/..", "hf://org/repo/../x", "hf://org/repo//x", "hf://org/repo/./x", "hf://or g/repo",
        "hf://org/re?po", "hf://org/repo@a b", "hf://org/repo@-a", "hf://org/repo/a\nb", "http://org/repo"}) {
    EXPECT_FALSE(parse_hub_address(bad).ok()) << bad;
  }
}

TEST(HubAddress, PinsToACommit) {
  EXPECT_EQ(pinned_address(*parse_hub_address("hf://o/r/a.gguf"), "abc"), "hf://o/r@abc/a.gguf");
  EXPECT_EQ(pinned_address(*parse_hub_address("hf://o/r@v1"), "abc"), "hf://o/r@abc");
}

TEST(HubAddress, GivesTheModelItsName) {
  EXPECT_EQ(name_from_source("hf://org/Repo-1.5B@v2"), "Repo-1.5B");
  EXPECT_EQ(name_from_source("hf://org/repo/Q4_K_M"), "repo");
  EXPECT_EQ(name_from_source("hf://org/repo/sub/Tiny.Q4_0.gguf"), "Tiny.Q4_0");
  EXPECT_EQ(name_from_source("hf://org/repo/Tiny-00001-of-00002.gguf"), "Tiny");
}

}  // namespace
}  // namespace understudy
