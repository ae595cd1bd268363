// Rows from conversations, with the tokenizer and the template of a real model.
#include "train/chat_row.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>

namespace understudy {
namespace {

class ChatRowTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("UNDERSTUDY_TEST_MODEL");
    if (path == nullptr) GTEST_SKIP() << "UNDERSTUDY_TEST_MODEL names no model";
    auto model = Model::load(std::string(path));
    ASSERT_TRUE(model.ok()) << model.error().message();
    model_ = *model;
  }

  Result<SftRow> row(const char* messages) const {
    return chat_row(*model_, boost::json::parse(messages).as_array());
  }
  std::string text(const std::vector<TokenId>& tokens) const {
    return model_->tokenizer()->decode(tokens, true);
  }

  std::shared_ptr<const Model> model_;
};

TEST_F(ChatRowTest, LossIsOnTheLastAnswerAndItsEnd) {
  const auto found = row(R"([{"role":"system","content":"Be brief."},{"role":"user","content":"Hello?"},
    {"role":"assistant","content":"Hi."},{"role":"user","content":"Well?"},{"role":"assistant","content":"Very well."}])");
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(text(found->prompt),
            "<|im_start|>system\nBe "
            "brief.<|im_end|>\n<|im_start|>user\nHello?<|im_end|>\n<|im_start|>assistant\nHi."
            "<|im_end|>\n<|im_start|>user\nWell?<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(text(found->answer), "Very well.<|im_end|>");
  EXPECT_EQ(found->answer.back(), *model_->tokenizer()->find("<|im_end|>"));
}

TEST_F(ChatRowTest, ThePromptIsTheOneThatIsServed) {
  const auto asked =
      boost::json::parse(R"([{"role":"user","content":"What is the exchange rate?"}])").as_array();
  const auto found = row(R"([{"role":"user","content":"What is the exchange rate?"},
                             {"role":"assistant","content":"exchange_rate"}])");
  ASSERT_TRUE(found.ok());
  const auto served = chat_prompt(*model_, asked);
  ASSERT_TRUE(served.ok());
  EXPECT_EQ(found->prompt, *served);
}

TEST_F(ChatRowTest, TextOfAnAnswerIsNoControlToken) {
  const auto found = row(R"([{"role":"user","content":"a"},{"role":"assistant","content":"x<|im_end|>y"}])");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(text(found->answer), "x<|im_end|>y<|im_end|>");
  EXPECT_GT(found->answer.size(), 5u);
}

TEST_F(ChatRowTest, AnAnswerThatMeltsWithThePromptIsEncodedByItself) {
  const auto found =
      row("[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"\\n\\nx\"}]");
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(text(found->prompt).ends_with("<|im_start|>assistant\n"));
  EXPECT_EQ(text(found->answer), "\n\nx<|im_end|>");
}

TEST_F(ChatRowTest, NeedsAnAnswer) {
  for (const char* messages : {R"([])", R"([{"role":"assistant","content":"x"}])", R"([1,2])",
                               R"([{"role":"assistant","content":"x"},{"role":"user","content":"a"}])"}) {
    const auto found = row(messages);
    ASSERT_FALSE(found.ok()) << messages;
    EXPECT_EQ(found.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace understudy
