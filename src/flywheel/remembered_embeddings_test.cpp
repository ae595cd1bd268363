#include "flywheel/remembered_embeddings.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "flywheel/durable_file.h"
#include "flywheel/testing/loop_home.h"

namespace understudy {
namespace {

class OtherEmbedder : public WordEmbedder {
 public:
  const std::string& digest() const override { return digest_; }

 private:
  std::string digest_ = std::string(64, 'f');
};

class RememberedEmbeddings : public testing::Test {
 protected:
  std::vector<float> embed(TextEmbedder& embedder, std::vector<std::string> texts) {
    auto vectors = embedder.embed(texts);
    EXPECT_TRUE(vectors.ok());
    return vectors.ok() ? *std::move(vectors) : std::vector<float>{};
  }
  void remember(std::vector<std::string> texts) {
    WordEmbedder plain;
    RememberingEmbedder remembering(plain, path_);
    embed(remembering, std::move(texts));
    EXPECT_TRUE(remembering.save().ok());
  }
  // How many of "one" and "two" are embedded again.
  size_t embedded_again(WordEmbedder& plain) {
    RememberingEmbedder remembering(plain, path_);
    EXPECT_EQ(embed(remembering, {"one", "two"}), embed(words_, {"one", "two"}));
    return plain.embedded;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("embeddings");
  WordEmbedder words_;
};

TEST_F(RememberedEmbeddings, OnlyNewTextsAreEmbedded) {
  remember({"one", "two"});
  WordEmbedder plain;
  RememberingEmbedder remembering(plain, path_);
  const std::vector<std::string> texts = {"two", "three", "one", "two"};
  EXPECT_EQ(embed(remembering, texts), embed(words_, texts));
  EXPECT_EQ(plain.embedded, 1U);
  EXPECT_EQ(embed(remembering, {"three"}), embed(words_, {"three"}));
  EXPECT_EQ(plain.embedded, 1U);
  EXPECT_EQ(remembering.digest(), plain.digest());
  EXPECT_FALSE(remembering.reads(""));
}

TEST_F(RememberedEmbeddings, AnotherEmbeddersFileIsNotUsed) {
  remember({"one", "two"});
  WordEmbedder same;
  OtherEmbedder other;
  EXPECT_EQ(embedded_again(same), 0U);
  EXPECT_EQ(embedded_again(other), 2U);
}

TEST_F(RememberedEmbeddings, ADamagedFileIsNotUsed) {
  remember({"one", "two"});
  const auto bytes = read_file(path_);
  ASSERT_TRUE(bytes.ok());
  for (const size_t at : {size_t{3}, bytes->size() / 2, bytes->size() - 1}) {
    std::string damaged = *bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    ASSERT_TRUE(replace_file(path_, damaged).ok());
    WordEmbedder plain;
    EXPECT_EQ(embedded_again(plain), 2U) << at;
    ASSERT_TRUE(replace_file(path_, bytes->substr(0, at)).ok());
    WordEmbedder of_cut_off;
    EXPECT_EQ(embedded_again(of_cut_off), 2U) << at;
  }
}

TEST_F(RememberedEmbeddings, WhatIsNotAskedForIsForgotten) {
  remember({"one", "two", "three"});
  WordEmbedder plain;
  RememberingEmbedder remembering(plain, path_);
  embed(remembering, {"three"});
  remembering.forget_others();
  ASSERT_TRUE(remembering.save().ok());
  EXPECT_EQ(embedded_again(plain), 2U);
}

}  // namespace
}  // namespace understudy
