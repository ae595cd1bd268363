#include "flywheel/answer.h"

#include <gtest/gtest.h>

#include "flywheel/testing/calls.h"

namespace understudy {
namespace {

CallAnswer said(const std::string& text) { return read_answer(chat_response(text)); }

AnswerProfile profile_of_texts(const std::vector<std::string>& texts) {
  std::vector<CallAnswer> answers;
  for (const std::string& text : texts) answers.push_back(said(text));
  std::vector<const CallAnswer*> views;
  for (const CallAnswer& answer : answers) views.push_back(&answer);
  return profile_of(views);
}

TEST(Answers, HaveAForm) {
  EXPECT_EQ(said(" card_lost\n").kind, AnswerKind::label);
  EXPECT_EQ(said(" card_lost\n").value, "card_lost");
  EXPECT_EQ(said(" card_lost\n").raw, " card_lost\n");
  EXPECT_EQ(said("-1,250.50").kind, AnswerKind::number);
  EXPECT_EQ(said("Two lines\nof text").kind, AnswerKind::text);
  EXPECT_EQ(said("").kind, AnswerKind::none);
  EXPECT_EQ(said("{\"b\": 1, \"a\": {}}").names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(said("{\"b\": 1, \"a\": 2}").value, said("{\"a\":2,\"b\":1}").value);
  EXPECT_NE(said("{\"a\": 1}").value, said("{\"a\": 1.0}").value);
  EXPECT_TRUE(said("```json\n{\"a\": 1}\n```").fenced);
  EXPECT_EQ(said("{not json").kind, AnswerKind::label);
  EXPECT_EQ(said("x").model, "big-model-2026-01");
}

TEST(Answers, OfResponsesInOtherForms) {
  EXPECT_EQ(read_answer(R"({"choices":[{"text":" yes"}]})").value, "yes");
  EXPECT_EQ(read_answer(R"({"role":"assistant","content":"yes"})").value, "yes");
  EXPECT_EQ(read_answer(R"("yes")").value, "yes");
  EXPECT_EQ(read_answer(R"({"choices":[{"finish_reason":"length","message":{"content":"ye"}}]})").kind,
            AnswerKind::none);
  EXPECT_EQ(read_answer(R"({"choices":[{"message":{"content":null,"refusal":"I cannot"}}]})").kind,
            AnswerKind::none);
  const CallAnswer call = read_answer(R"({"choices":[{"message":{"content":null,"tool_calls":[
      {"id":"1","type":"function","function":{"name":"light","arguments":"{\"on\": true, \"room\": \"hall\"}"}}]}}]})");
  EXPECT_EQ(call.kind, AnswerKind::tool_call);
  EXPECT_EQ(call.value, "light({\"on\":true,\"room\":\"hall\"})");
  for (const std::string text :
       {"", "[]", "7", "{\"choices\": 3}", "{\"choices\": [3]}", "{\"choices\": [{\"message\": 3}]}",
        "{\"choices\": [{\"message\": {\"tool_calls\": [3]}}]}"}) {
    EXPECT_EQ(read_answer(text).kind, AnswerKind::none) << text;
  }
}

TEST(AnswerProfile, FindsTheFormOfNineInTen) {
  std::vector<std::string> texts(9, "yes");
  texts.push_back("I would rather not say.\nAsk me later.");
  AnswerProfile profile = profile_of_texts(texts);
  EXPECT_EQ(profile.kind, AnswerKind::label);
  EXPECT_EQ(profile.in_form, 9U);
  EXPECT_EQ(profile.entropy_bits, 0);
  texts.push_back("Never.\nNot even then.");
  EXPECT_EQ(profile_of_texts(texts).kind, AnswerKind::text);
}

TEST(AnswerProfile, CountsEntropyAndOptionalKeys) {
  const AnswerProfile labels = profile_of_texts({"a", "b", "c", "d", "a", "b", "c", "d"});
  EXPECT_DOUBLE_EQ(labels.entropy_bits, 2);
  EXPECT_EQ(labels.unseen_share, 0);
  EXPECT_EQ(profile_of_texts({"a", "b", "c", "d", "e", "f"}).kind,
            AnswerKind::text);  // all are new: no closed set
  const AnswerProfile objects = profile_of_texts({R"({"intent":"on","area":"hall"})", R"({"intent":"off"})"});
  EXPECT_EQ(objects.form(), "json {intent, area?}");
}

}  // namespace
}  // namespace understudy
