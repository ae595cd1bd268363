#include "app/git_blob_id.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace understudy {
namespace {

// git hash-object: "what is up, doc?" is the example of git-scm.com/book, Git Objects.
TEST(GitBlobId, MatchesGit) {
  const std::string path = (std::filesystem::path(testing::TempDir()) / "git-blob").string();
  std::ofstream(path) << "what is up, doc?";
  EXPECT_EQ(*git_blob_id_of_file(path), "bd9dbf5aae1a3862dd1526723246b20206e5fc37");
  std::filesystem::remove(path);
  EXPECT_FALSE(git_blob_id_of_file(path).ok());
}

TEST(GitBlobId, IsFortyHexDigits) {
  EXPECT_TRUE(is_git_id("bd9dbf5aae1a3862dd1526723246b20206e5fc37"));
  for (const char* bad : {"", "bd9dbf5a", "BD9DBF5AAE1A3862DD1526723246B20206E5FC37",
                          "bd9dbf5aae1a3862dd1526723246b20206e5fc3g"}) {
    EXPECT_FALSE(is_git_id(bad)) << bad;
  }
}

}  // namespace
}  // namespace understudy
