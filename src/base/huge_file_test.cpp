#include "base/huge_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/testing/temporary_folder.h"

namespace understudy {
namespace {

class HugeFileTest : public testing::Test {
 protected:
  std::shared_ptr<HugeFile> open(size_t bytes) {
    words_.resize((bytes + 7) / 8);
    for (size_t i = 0; i < words_.size(); i++) words_[i] = i * 0x9E3779B97F4A7C15u;
    std::ofstream(folder_.file("file"), std::ios::binary)
        .write(reinterpret_cast<const char*>(words_.data()), static_cast<std::streamsize>(bytes));
    auto file = HugeFile::open(FileDescriptor(::open(folder_.file("file").c_str(), O_RDONLY)), bytes, "file");
    EXPECT_TRUE(file.ok());
    return file.ok() ? *file : nullptr;
  }
  bool is_whole(const HugeFile& file) const {
    return std::memcmp(file.bytes().data(), words_.data(), file.bytes().size()) == 0;
  }

  TemporaryFolder folder_;
  std::vector<uint64_t> words_;
};

TEST_F(HugeFileTest, HoldsTheBytesBeforeAndAfter) {
  for (const size_t bytes : {size_t{1}, size_t{4096}, size_t{2} << 20, (size_t{32} << 20) + 12345}) {
    const auto file = open(bytes);
    ASSERT_NE(file, nullptr);
    const std::byte* data = file->bytes().data();
    EXPECT_EQ(file->bytes().size(), bytes);
    EXPECT_TRUE(is_whole(*file));
    EXPECT_EQ(file->settle(), bytes);
    EXPECT_EQ(file->bytes().data(), data);
    EXPECT_TRUE(is_whole(*file));
  }
  EXPECT_TRUE(open(0)->bytes().empty());
}

TEST_F(HugeFileTest, ReadersNoticeNothing) {
  const auto file = open(size_t{200} << 20);
  ASSERT_NE(file, nullptr);
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0}, rounds{0};
  std::vector<std::thread> readers;
  for (size_t reader = 0; reader < 3; reader++) {
    readers.emplace_back([&, reader] {
      const auto* words = reinterpret_cast<const uint64_t*>(file->bytes().data());
      while (!done) {
        for (size_t i = reader; i < words_.size(); i += 509) wrong += words[i] != words_[i];
        rounds++;
      }
    });
  }
  EXPECT_EQ(file->settle(), file->bytes().size());
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(rounds, 0);
}

TEST_F(HugeFileTest, TheFileMayLoseItsNameAndItsBytesOnceSettled) {
  const auto file = open(size_t{5} << 20);
  ASSERT_NE(file, nullptr);
  file->settle();
  std::ofstream(folder_.file("file"), std::ios::binary | std::ios::trunc) << "short";
  std::filesystem::remove(folder_.file("file"));
  EXPECT_TRUE(is_whole(*file));
}

TEST_F(HugeFileTest, WhatIsNoFileIsAnError) {
  EXPECT_FALSE(HugeFile::open(FileDescriptor(), 100, "nothing").ok());
}

}  // namespace
}  // namespace understudy
