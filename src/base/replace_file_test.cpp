#include "base/replace_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace understudy {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(ReplaceFile, ReplacesAllOfIt) {
  const fs::path folder = fs::path(testing::TempDir()) / ("replace_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const std::string path = (folder / "file").string();
  ASSERT_TRUE(replace_file(path, "a long first version").ok());
  std::ofstream(path + ".part") << "what a process left that was killed while it wrote";
  const std::string_view parts[] = {"second", "", " version"};
  ASSERT_TRUE(replace_file(path, parts).ok());
  EXPECT_EQ(text_of(path), "second version");
  EXPECT_FALSE(fs::exists(path + ".part"));
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  const Status status = replace_file((folder / "none" / "file").string(), "text");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::io);
  fs::create_directory(folder / "folder");
  EXPECT_FALSE(replace_file((folder / "folder").string(), "text").ok());
  EXPECT_FALSE(fs::exists(folder / "folder.part"));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace understudy
