// The golden encoders (tests/golden/encoders): vectors as transformers gives them, on every kernel table.
#include <gtest/gtest.h>

#include <cstring>

#include "arch/architecture.h"
#include "engine/testing/golden_model.h"

namespace understudy {
namespace {

class EncoderTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string path = UNDERSTUDY_SOURCE_DIR "/tests/golden/encoders/bert.json";
    const boost::json::value root = read_json(path);
    texts_ = boost::json::value_to<std::vector<std::vector<int32_t>>>(root.at("texts"));
    vectors_ = boost::json::value_to<std::vector<std::vector<float>>>(root.at("vectors"));
    for (const KernelTable* table : testable_kernels()) {
      if (table->name != GetParam()) continue;
      auto encoder = build_encoder(golden_file(root, path), *table, pool_);
      ASSERT_TRUE(encoder.ok()) << encoder.error().message();
      encoder_ = std::move(*encoder);
    }
    workspace_ = make_workspace(pool_);
  }

  std::vector<float> embed(std::vector<std::span<const int32_t>> texts) {
    auto vectors = encoder_->embed(texts, *workspace_);
    return {vectors.begin(), vectors.end()};
  }

  std::vector<std::vector<int32_t>> texts_;
  std::vector<std::vector<float>> vectors_;
  ThreadPool pool_{2};
  std::unique_ptr<const Encoder> encoder_;
  std::unique_ptr<Workspace, WorkspaceDeleter> workspace_;
};

// What is left is the f16 of keys and values, and the six decimals of the file.
TEST_P(EncoderTest, MatchesTransformers) {
  for (size_t t = 0; t < texts_.size(); t++) {
    const auto vector = embed({texts_[t]});
    ASSERT_EQ(vector.size(), vectors_[t].size());
    for (size_t i = 0; i < vector.size(); i++) EXPECT_NEAR(vector[i], vectors_[t][i], 1e-4) << t << ", " << i;
  }
}

TEST_P(EncoderTest, CompanyChangesNoBit) {
  const auto together = embed({texts_[0], texts_[1], texts_[2], texts_[1]});
  const size_t c = static_cast<size_t>(encoder_->width());
  for (size_t t = 0; t < texts_.size(); t++) {
    const auto alone = embed({texts_[t]});
    EXPECT_EQ(std::memcmp(alone.data(), &together[t * c], c * sizeof(float)), 0) << t;
  }
  EXPECT_EQ(std::memcmp(&together[c], &together[3 * c], c * sizeof(float)), 0);
}

INSTANTIATE_TEST_SUITE_P(Tables, EncoderTest, testing::ValuesIn(table_names()));

TEST(Encoder, IsNoNetwork) {
  const std::string path = UNDERSTUDY_SOURCE_DIR "/tests/golden/encoders/bert.json";
  ThreadPool pool(1);
  auto network = build_network(golden_file(read_json(path), path), *testable_kernels()[0], pool);
  ASSERT_FALSE(network.ok());
  EXPECT_NE(network.error().message().find("embedding model"), std::string::npos)
      << network.error().message();
  EXPECT_TRUE(is_encoder("bert"));
  EXPECT_FALSE(is_encoder("llama"));
}

}  // namespace
}  // namespace understudy
