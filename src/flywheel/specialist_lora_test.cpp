#include "flywheel/specialist_lora.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "flywheel/answer_forms.h"
#include "flywheel/lora_prompt.h"
#include "flywheel/testing/loop_home.h"

namespace understudy {
namespace {

// With a real model; the domain gate's embedder is the one that counts words.
class LoraTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("UNDERSTUDY_TEST_MODEL");
    if (path == nullptr) GTEST_SKIP() << "UNDERSTUDY_TEST_MODEL names no GGUF file";
    models_ =
        std::make_unique<Models>([file = std::string(path)](const std::string&) { return Result(file); });
    models_->put(kLadderEmbedder, std::make_shared<WordEmbedder>());
  }

  std::unique_ptr<Models> models_;
};

TEST_F(LoraTest, PromptsAndAnswersAreEncodedAlike) {
  const auto engine = models_->engine("smollm2:135m");
  ASSERT_TRUE(engine.ok()) << engine.error().message();
  const Model& model = (*engine)->model();
  const auto prompt = shortest_prompt(model);
  ASSERT_TRUE(prompt.ok());
  EXPECT_TRUE(prompt->empty_system);  // its template writes a system prompt of
                                      // its own otherwise
  const std::vector<KnownAnswer> answers = {{"card", "card"}, {"card_lost", "card_lost"}, {"fees", "fees"}};
  const auto choices = choices_of(model, *prompt, AnswerKind::label, answers);
  ASSERT_TRUE(choices.ok());
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      const auto& a = (*choices)->tokens[i];
      const auto& b = (*choices)->tokens[j];
      EXPECT_TRUE(i == j || a.size() > b.size() || !std::equal(a.begin(), a.end(), b.begin())) << i << j;
    }
  }
  const KnownAnswer tool{R"(set_light({"on":true}))", R"({"on": true})"};
  EXPECT_EQ(answer_of(AnswerKind::tool_call, taught_text(AnswerKind::tool_call, tool)).value, tool.value);
  EXPECT_EQ(answer_of(AnswerKind::tool_call, taught_text(AnswerKind::tool_call, tool)).text, tool.text);
}

}  // namespace
}  // namespace understudy
