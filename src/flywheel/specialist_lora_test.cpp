#include "flywheel/specialist_lora.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>

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
    models_ = std::make_unique<Models>(
        [file = std::string(path)](const std::string&) { return Result<ModelLocation>(file); });
    models_->put(kLadderEmbedder, std::make_shared<WordEmbedder>());
  }

  Result<SpecialiseReport> specialised(LoopHome& loop, double max_minutes) {
    SpecialiseRequest request = loop.request();
    request.rungs = {"smollm2:135m"};
    request.margin = {0.2, "a test of few rows"};
    request.max_minutes = max_minutes;
    return specialise(request, *loop.store, *models_);
  }

  std::unique_ptr<Models> models_;
};

Result<std::unique_ptr<Specialist>> loaded(const LoopHome& loop, const SpecialiseReport& report,
                                           Models& models) {
  const std::string folder = loop.home() + '/' + report.rungs.at(*report.chosen).folder;
  ASSIGN_OR_RETURN(const SpecialistManifest manifest, read_manifest(folder));
  return load_specialist(manifest, folder, models);
}

constexpr const char* kStarts[] = {"My", "That", "This", "A second", "Our old"};
constexpr const char* kVerbs[] = {"open", "close", "lock", "paint", "clean", "mend"};

// The text says its label: a small model needs a minute for that, and no more.
std::string labelled_text(size_t number) {
  return std::string(kStarts[number % 5]) + ' ' + LoopHome::right(number) + ": " + sentence(number * 131);
}

void record(LoopHome& loop, const std::function<Call(size_t)>& call_of, size_t count) {
  std::vector<Call> calls;
  for (size_t i = 0; i < count; ++i) {
    calls.push_back(call_of(i));
    calls.back().id = new_call_id(calls.back().time_ms);
  }
  loop.record(calls);
}

TEST_F(LoraTest, LearnsALongPromptByHeart) {
  LoopHome loop;
  const auto call_of = [](size_t i) {
    return chat_call(LoopHome::turns(labelled_text(i)), LoopHome::right(i));
  };
  record(loop, call_of, 240);
  const auto report =
      specialised(loop, 60);  // all epochs, however slow the machine: what it learns is asked below
  ASSERT_TRUE(report.ok()) << report.error().message();
  ASSERT_EQ(report->rungs.size(), rung_names().size());
  EXPECT_EQ(report->rungs[1].rung, "LoRA on smollm2:135m");
  ASSERT_TRUE(report->chosen) << report->rungs[1].left_out;
  EXPECT_GT(report->rungs[1].benchmark_right.value, 0.85);

  const auto specialist = loaded(loop, *report, *models_);
  ASSERT_TRUE(specialist.ok()) << specialist.error().message();
  const std::string text = labelled_text(7001);
  const std::string_view slots[] = {text};
  const auto answer = (*specialist)->answer(slots), again = (*specialist)->answer(slots);
  ASSERT_TRUE(answer.ok() && again.ok());
  EXPECT_EQ(answer->text, answer->value);
  EXPECT_EQ(answer->confidence, again->confidence);
  EXPECT_LT(answer->prompt_tokens, 80);  // the slots, and not the prompt around them
  const std::string_view foreign[] = {"zzz qqq"};
  EXPECT_FALSE((*specialist)->answer(foreign)->in_domain);
}

TEST_F(LoraTest, WritesObjectsWhoseValuesAreNew) {
  LoopHome loop;
  const auto call_of = [](size_t i) {
    const std::string verb = kVerbs[i % 6], room = "room " + std::to_string(100 + i * 7 % 800);
    return chat_call(
        {{"system", "Turn the command into JSON with the keys intent and area. Answer with JSON only."},
         {"user", "Command: " + verb + " the door of " + room + ", " + sentence(i * 131)}},
        R"({"intent": ")" + verb + R"(", "area": ")" + room + "\"}");
  };
  record(loop, call_of, 240);
  const auto report = specialised(loop, 0.7);
  ASSERT_TRUE(report.ok()) << report.error().message();
  ASSERT_TRUE(report->rungs[1].left_out.empty()) << report->rungs[1].left_out;
  const std::string folder = loop.home() + '/' + report->rungs[1].folder;
  const auto manifest = read_manifest(folder);
  ASSERT_TRUE(manifest.ok());
  const auto specialist = load_specialist(*manifest, folder, *models_);
  ASSERT_TRUE(specialist.ok()) << specialist.error().message();
  const std::string text = "open the door of room 555, " + sentence(99);
  std::vector<std::string_view> slots(manifest->contract.task.slots.size(), text);
  const auto answer = (*specialist)->answer(slots);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_TRUE(!answer->well_formed || !answer->in_domain ||
              keeps_form(manifest->contract, answer->value, answer->text));
  EXPECT_GE(answer->confidence, 0);
  EXPECT_LE(answer->confidence, 1);
}

TEST_F(LoraTest, PromptsAndAnswersAreEncodedAlike) {
  const auto engine = models_->engine("smollm2:135m");
  ASSERT_TRUE(engine.ok()) << engine.error().message();
  const Model& model = (*engine)->model();
  const auto prompt = shortest_prompt(model);
  ASSERT_TRUE(prompt.ok());
  EXPECT_TRUE(prompt->empty_system);  // otherwise its template writes a system prompt of its own
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
