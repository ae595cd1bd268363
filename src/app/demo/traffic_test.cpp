#include "app/demo/traffic.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <set>

#include "app/demo/frontier_answers.h"
#include "flywheel/request_shape.h"

namespace understudy {
namespace {

namespace json = boost::json;

DemoQuestions questions() {
  DemoQuestions all;
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i), kind = i % 2 == 0 ? "card_arrival" : "top_up";
    all.bank.push_back({"bank question " + n, kind, kind, ""});
    all.home.push_back({"command " + n, R"({"intent":"TurnOn","slots":{}})", "TurnOn", "TurnOn/" + n});
  }
  all.other = {"chat a", "chat b", "chat c"};
  all.foreign = {"foreign a", "foreign b"};
  return all;
}

TrafficOptions options() {
  TrafficOptions some;
  some.model = "m";
  some.other_calls = 40;
  some.calls_per_change = 8;
  some.foreign_calls = 10;
  return some;
}

std::string user_text(const DemoCall& call) {
  return std::string(json::parse(call.request).at("messages").as_array().back().at("content").as_string());
}

TEST(Traffic, EveryQuestionOnceAndThreeQuartersFirst) {
  const DemoTraffic traffic = make_traffic(questions(), options());
  std::map<CallKind, size_t> kinds;
  std::set<std::string> asked;
  for (const auto* part : {&traffic.history, &traffic.live}) {
    for (const DemoCall& call : *part) {
      ++kinds[call.kind];
      const bool is_task = call.kind == CallKind::bank || call.kind == CallKind::home;
      EXPECT_EQ(!call.truth.empty(), is_task);
      if (is_task) asked.insert(user_text(call));
    }
  }
  EXPECT_EQ(asked.size(), 80u);
  EXPECT_EQ(kinds[CallKind::bank], 40u);
  EXPECT_EQ(kinds[CallKind::home], 40u);
  EXPECT_EQ(kinds[CallKind::other], 40u);
  EXPECT_EQ(kinds[CallKind::foreign], 10u);
  const size_t mixed = 40 + 40 + 40 + kinds[CallKind::changed];
  EXPECT_EQ(traffic.history.size(), mixed * 3 / 4);
  for (const DemoCall& call : traffic.history) EXPECT_NE(call.kind, CallKind::foreign);
}

TEST(Traffic, SameSeedSameTraffic) {
  const auto a = make_traffic(questions(), options()), b = make_traffic(questions(), options());
  TrafficOptions other = options();
  other.seed = 2;
  const auto c = make_traffic(questions(), other);
  ASSERT_EQ(a.live.size(), b.live.size());
  bool differs = false;
  for (size_t i = 0; i < a.history.size(); ++i) {
    EXPECT_EQ(a.history[i].request, b.history[i].request);
    differs = differs || a.history[i].request != c.history[i].request;
  }
  EXPECT_TRUE(differs);
}

// Each changed call differs from every call of a task in what a contract binds; foreign ones do not.
TEST(Traffic, ChangedCallsHaveAnotherContract) {
  const DemoTraffic traffic = make_traffic(questions(), options());
  const auto contract_of = [](const DemoCall& call) {
    const RequestShape shape = read_request(call.request);
    std::string text = shape.stays ? std::string(name_of(*shape.stays)) : "-";
    text += '|' + shape.parts.layout + '|' + shape.parts.tools + '|' + shape.parts.response_format + '|' +
            shape.parts.parameters + '|' + shape.parts.model;
    if (!shape.texts.empty()) text += '|' + shape.texts[0];
    return text;
  };
  std::set<std::string> tasks, changes;
  for (const auto* part : {&traffic.history, &traffic.live}) {
    for (const DemoCall& call : *part) {
      if (call.kind == CallKind::bank || call.kind == CallKind::home) tasks.insert(contract_of(call));
    }
  }
  EXPECT_EQ(tasks.size(), 2u);
  for (const auto* part : {&traffic.history, &traffic.live}) {
    for (const DemoCall& call : *part) {
      if (call.kind == CallKind::changed) {
        EXPECT_FALSE(tasks.contains(contract_of(call))) << call.change;
        changes.insert(call.change);
      } else if (call.kind == CallKind::foreign) {
        EXPECT_TRUE(tasks.contains(contract_of(call)));
      }
    }
  }
  EXPECT_EQ(changes.size(), 8u);
}

TEST(Traffic, TheStandInKnowsTheQuestions) {
  const DemoQuestions all = questions();
  const FrontierAnswers answers(all, 0, 1);
  const DemoTraffic traffic = make_traffic(all, options());
  for (const DemoCall& call : traffic.history) {
    const std::string said = answers.answer(json::parse(call.request).as_object());
    EXPECT_FALSE(said.empty());
    if (!call.truth.empty()) {
      EXPECT_EQ(said, call.truth);
    }
  }
}

TEST(Questions, BankQuestions) {
  const auto read = bank_questions(
      "{\"question\": \"a?\", \"answer\": \"x\"}\n\n{\"question\": \"a?\", "
      "\"answer\": \"x\"}\n{\"question\": \"b?\", \"answer\": \"y\"}\n");
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[1].answer, "y");
  for (const char* broken : {"{\"question\": \"a?\"}", "[]", "{", "{\"question\": 1, \"answer\": \"x\"}"}) {
    const auto wrong = bank_questions(broken);
    ASSERT_FALSE(wrong.ok()) << broken;
    EXPECT_EQ(wrong.error().code, ErrorCode::corrupt);
    EXPECT_EQ(wrong.error().where, "line 1");
  }
}

constexpr const char* kIntents = R"({
  "intents": {
    "TurnOn": {"data": [{"sentences": ["turn on <name>", "<name> on"]},
                        {"sentences": ["lights on in {area}"], "slots": {"domain": "light"}}]},
    "Dim": {"data": [{"sentences": ["dim to {level:brightness} [percent]"],
                      "lists": {"level": {"range": {"from": 10, "to": 30, "step": 10}}}}]},
    "Add": {"data": [{"sentences": ["add {item}"]}]}},
  "expansion_rules": {"name": "[the] {name}"},
  "lists": {"item": {"wildcard": true}}})";

TEST(Questions, HomeCommands) {
  const auto commands = home_commands(kIntents, 100, 3);
  ASSERT_TRUE(commands.ok()) << commands.error().message();
  EXPECT_LE(commands->size(), 100u);
  std::map<std::string, size_t> groups;
  std::set<std::string> texts;
  for (const DemoQuestion& command : *commands) {
    ++groups[command.group];
    EXPECT_TRUE(texts.insert(command.text).second);
    const auto answer = json::parse(command.answer);
    EXPECT_EQ(answer.at("intent").as_string(), command.kind);
    const json::object& slots = answer.at("slots").as_object();
    if (command.text.starts_with("lights on")) {
      EXPECT_EQ(slots.at("domain").as_string(), "light");
    }
    if (command.kind == "Dim") {
      EXPECT_NE(command.text.find(std::string(slots.at("brightness").as_string())), std::string::npos);
    }
  }
  EXPECT_EQ(groups.size(), 5u);
  EXPECT_EQ(groups.at("Dim/3"), 6u);  // three levels, with and without "percent"
}

TEST(Questions, HomeCommandsAreDealtOutAmongTemplates) {
  const auto commands = home_commands(kIntents, 10, 3);
  ASSERT_TRUE(commands.ok());
  std::map<std::string, size_t> groups;
  for (const DemoQuestion& command : *commands) ++groups[command.group];
  for (const auto& [group, count] : groups) EXPECT_EQ(count, 2u) << group;
}

TEST(Questions, BrokenIntentsAreNamed) {
  for (const char* broken :
       {"{", "[]", "{}", R"({"intents": {"A": 1}})", R"({"intents": {"A": {"data": [1]}}})",
        R"({"intents": {"A": {"data": [{"sentences": ["(a"]}]}}})",
        R"({"intents": {"A": {"data": [{"sentences": ["<b>"]}]}}})"}) {
    EXPECT_FALSE(home_commands(broken, 10, 1).ok()) << broken;
  }
}

}  // namespace
}  // namespace understudy
