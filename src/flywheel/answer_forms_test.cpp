#include "flywheel/answer_forms.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

DatasetRow row(const std::string& text, Origin origin = Origin::incumbent) {
  DatasetRow made;
  made.target = text;
  made.value = read_answer_text(text).value;
  made.origin = origin;
  return made;
}

Contract contract_of(AnswerKind kind, std::vector<std::string> names, bool fenced = false) {
  Contract contract;
  contract.answer_kind = kind;
  contract.answer_names = std::move(names);
  contract.answer_fenced = fenced;
  return contract;
}

TEST(AnswerForms, KnownAnswersAreSentAsTheIncumbentMostlySendsThem) {
  const std::vector<DatasetRow> rows = {row(R"({"a":1})", Origin::person), row(R"({"a": 1})"),
                                        row(R"({"a": 1})"), row(R"({"b":2})", Origin::person),
                                        row(R"({"a":1})", Origin::person)};
  const auto known = known_answers(rows);
  ASSERT_EQ(known.size(), 2U);
  EXPECT_EQ(known[0].text, R"({"a": 1})");
  EXPECT_EQ(known[1].text, R"({"b":2})");
}

TEST(AnswerForms, ASetIsClosedIfLittleIsNew) {
  std::vector<DatasetRow> few, many;
  for (int i = 0; i < 200; ++i) {
    few.push_back(row("{\"a\":" + std::to_string(i % 5) + "}"));
    many.push_back(row("{\"a\":" + std::to_string(i) + "}"));
  }
  EXPECT_TRUE(is_closed(AnswerKind::json, few));
  EXPECT_FALSE(is_closed(AnswerKind::json, many));
  EXPECT_FALSE(is_closed(AnswerKind::number, few));
  EXPECT_FALSE(is_closed(AnswerKind::label, {}));
}

TEST(AnswerForms, ATextKeepsTheFormOrNot) {
  const Contract label = contract_of(AnswerKind::label, {});
  EXPECT_TRUE(keeps_form(label, "fees", "fees"));
  EXPECT_FALSE(keeps_form(label, "fees", "loan"));
  EXPECT_FALSE(keeps_form(label, "12", "12"));
  const Contract object = contract_of(AnswerKind::json, {"intent"});
  EXPECT_TRUE(keeps_form(object, R"({"intent":"on"})", R"({ "intent": "on" })"));
  EXPECT_FALSE(keeps_form(object, R"({"name":"on"})", R"({"name": "on"})"));
  EXPECT_FALSE(keeps_form(object, R"({"intent":"on"})", "```json\n{\"intent\":\"on\"}\n```"));
  EXPECT_FALSE(keeps_form(object, R"({"intent":"on"})", R"({"intent":"on")"));
  EXPECT_TRUE(keeps_form(contract_of(AnswerKind::json, {"intent"}, true), R"({"intent":"on"})",
                         "```json\n{\"intent\":\"on\"}\n```"));
  const Contract tool = contract_of(AnswerKind::tool_call, {"set_light"});
  EXPECT_TRUE(keeps_form(tool, R"(set_light({"on":true}))", R"({"on": true})"));
  EXPECT_FALSE(keeps_form(tool, R"(set_light({"on":true}))", R"({"on": false})"));
  EXPECT_FALSE(keeps_form(tool, R"(open_door({"on":true}))", R"({"on": true})"));
  EXPECT_FALSE(keeps_form(tool, R"(set_light({"on":true}))", "on"));
}

TEST(AnswerForms, AnswersAreComparedByWhatTheySay) {
  EXPECT_TRUE(*says_the_same(AnswerKind::json, R"({"a":1.0})", R"({"a":1})"));
  EXPECT_FALSE(*says_the_same(AnswerKind::json, R"({"a":2})", R"({"a":1})"));
  EXPECT_TRUE(*says_the_same(AnswerKind::tool_call, R"(f({"a":1.0}))", R"(f({"a":1}))"));
  EXPECT_FALSE(*says_the_same(AnswerKind::tool_call, R"(g({"a":1}))", R"(f({"a":1}))"));
  EXPECT_TRUE(*says_the_same(AnswerKind::number, "1.0", "1"));
  EXPECT_FALSE(*says_the_same(AnswerKind::number, "12 %", "1,000"));
  EXPECT_FALSE(*says_the_same(AnswerKind::label, "Fees", "fees"));
}

}  // namespace
}  // namespace understudy
