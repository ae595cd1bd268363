// What a contract lets pass, and which part it names when it does not.
#include "flywheel/contract.h"

#include <gtest/gtest.h>

#include "flywheel/mine.h"
#include "flywheel/testing/calls.h"

namespace understudy {
namespace {

const std::string kSystem =
    "Sort the message. Labels: card_lost, refund, fees. Answer with one label and nothing else.";

boost::json::object base_request(const std::string& user = "Message: where is it?\nLabel:") {
  return boost::json::parse(chat_request({{"system", kSystem}, {"user", user}}, {{"max_tokens", 8}}))
      .as_object();
}

Task mined_task() {
  std::vector<Call> calls;
  for (size_t i = 0; i < 30; ++i) {
    calls.push_back(chat_call({{"system", kSystem}, {"user", "Message: " + sentence(i) + "\nLabel:"}},
                              i % 2 == 0 ? "refund" : "fees", {{"max_tokens", 8}}));
  }
  std::vector<ReadCall> read;
  for (const Call& call : calls) read.push_back(read_call(call));
  Mining mining = mine(calls, read);
  EXPECT_EQ(mining.tasks.size(), 1U);
  return mining.tasks.at(0);
}

std::string verdict(const Task& task, const boost::json::object& request, std::string_view project = "") {
  const RequestShape shape = read_request(boost::json::serialize(request));
  const ContractMatch found = match(task, project, shape);
  if (found.matches()) return "matches";
  return std::string(name_of(*found.differs)) + (found.detail.empty() ? "" : ": " + found.detail);
}

boost::json::object with(std::string_view key, boost::json::value value) {
  boost::json::object request = base_request();
  request[key] = std::move(value);
  return request;
}

boost::json::object with_system(const std::string& system) {
  boost::json::object request = base_request();
  request["messages"].as_array()[0].as_object()["content"] = system;
  return request;
}

TEST(Contract, LetsPassWhatCannotChangeTheAnswer) {
  const Task task = mined_task();
  EXPECT_EQ(verdict(task, base_request()), "matches");
  EXPECT_EQ(verdict(task, with("stream", true)), "matches");
  EXPECT_EQ(verdict(task, with("user", "ann")), "matches");
  EXPECT_EQ(verdict(task, with("seed", 3)), "matches");
  EXPECT_EQ(verdict(task, with("n", 1)), "matches");
  EXPECT_EQ(verdict(task, with("temperature", 0.7)), "matches");
  EXPECT_EQ(verdict(task, with("tools", boost::json::array())), "matches");
  boost::json::object renamed = base_request();
  renamed.erase("max_tokens");
  renamed["max_completion_tokens"] = 8;
  EXPECT_EQ(verdict(task, renamed), "matches");
  // Another question in the slot is another input.
  EXPECT_EQ(verdict(task, base_request("Message: What is the capital of France?\nLabel:")), "matches");
}

TEST(Contract, NamesTheFirstPartThatDiffers) {
  const Task task = mined_task();
  EXPECT_EQ(verdict(task, base_request(), "other"), "project");
  EXPECT_EQ(verdict(task, with("model", "bigger-model")), "model");
  EXPECT_EQ(verdict(task, with("n", 2)), "request: several_answers");
  EXPECT_EQ(verdict(task, with("temperature", 0)), "parameters");
  EXPECT_EQ(verdict(task, with("max_tokens", 9)), "parameters");
  EXPECT_EQ(verdict(task, with("stop", "\n")), "parameters");
  EXPECT_EQ(verdict(task, with("logit_bias", {{"50256", -100}})), "parameters");
  EXPECT_EQ(verdict(task, with("logprobs", true)), "parameters");
  EXPECT_EQ(verdict(task, with("not_known_yet", 1)), "parameters");
  EXPECT_EQ(verdict(task, with("response_format", {{"type", "json_object"}})), "response_format");
  EXPECT_EQ(verdict(task, with("tools", {{{"type", "function"}, {"function", {{"name", "refund"}}}}})),
            "tools");
  EXPECT_EQ(
      verdict(task, with_system(
                        "Sort the message. Labels: card_lost, refund, fees, loan. Answer with one label and "
                        "nothing else.")),
      "skeleton: message 1, text 1");
  EXPECT_EQ(verdict(task, with_system(kSystem + " ")), "skeleton: message 1, text 1");
  EXPECT_EQ(verdict(task, with_system("Sort the  message." + kSystem.substr(17))),
            "skeleton: message 1, text 1");
  EXPECT_EQ(verdict(task, base_request("Messages: where is it?\nLabel:")), "skeleton: message 2, text 1");
  EXPECT_EQ(verdict(task, base_request("Message: where is it?\nLabels:")), "skeleton: message 2, text 2");
}

TEST(Contract, RefusesOtherConversations) {
  const Task task = mined_task();
  boost::json::object turns = base_request();
  turns["messages"].as_array().push_back({{"role", "assistant"}, {"content", "refund"}});
  turns["messages"].as_array().push_back({{"role", "user"}, {"content", "Sure?"}});
  EXPECT_EQ(verdict(task, turns), "request: multi_turn");
  boost::json::object image = base_request();
  image["messages"].as_array()[1].as_object()["content"] = {
      {{"type", "text"}, {"text", "Message: this?\nLabel:"}},
      {{"type", "image_url"}, {"image_url", {{"url", "data:"}}}}};
  EXPECT_EQ(verdict(task, image), "request: media");
  boost::json::object part = base_request();
  part["messages"].as_array()[1].as_object()["content"] = {
      {{"type", "text"}, {"text", "Message: this?\nLabel:"}}};
  EXPECT_EQ(verdict(task, part), "layout");
  boost::json::object third = base_request();
  third["messages"].as_array().push_back({{"role", "user"}, {"content", "And be quick."}});
  EXPECT_EQ(verdict(task, third), "layout");
  boost::json::object named = base_request();
  named["messages"].as_array()[1].as_object()["name"] = "ann";
  EXPECT_EQ(verdict(task, named), "layout");
}

TEST(Contract, KeepsClosedSlotsClosed) {
  Task task = mined_task();
  task.skeleton.messages[1] = {{"Tier: ", "\nMessage: ", ""}};
  task.slots = {{"tier", {"basic", "gold"}}, {"message", {}}};
  EXPECT_EQ(verdict(task, base_request("Tier: gold\nMessage: hi")), "matches");
  EXPECT_EQ(verdict(task, base_request("Tier: silver\nMessage: hi")), "slot_value: tier");
  EXPECT_EQ(verdict(task, base_request("Tier: gold\nMessage: hi\nMessage: ho")),
            "ambiguous: message 2, text 2");
}

TEST(Contract, SurvivesItsJson) {
  Contract contract{mined_task(), AnswerKind::json, true, {"intent", "slots"}, "big-model-2026-01"};
  contract.task.slots[0].values = {"a", "b"};
  const auto read = contract_from_json(to_json(contract));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->task, contract.task);
  EXPECT_EQ(read->hash(), contract.hash());
  Contract other = contract;
  other.teacher = "bigger-model";
  EXPECT_NE(other.hash(), contract.hash());
  EXPECT_EQ(other.task.key(), contract.task.key());
  boost::json::object broken = to_json(contract);
  broken["task"].as_object()["skeleton"] = boost::json::array{boost::json::array{}};
  EXPECT_EQ(contract_from_json(broken).error().where, "skeleton");
  broken = to_json(contract);
  broken["task"].as_object().erase("model");
  EXPECT_EQ(contract_from_json(broken).error().where, "model");
}

TEST(TaskIndex, PrefersMoreConstantText) {
  Task narrow = mined_task();
  Task wide = narrow;
  wide.skeleton.messages[1] = {{"Message: ", ""}};
  TaskIndex index;
  index.add(wide);
  index.add(narrow);
  const auto found = index.find("", read_request(boost::json::serialize(base_request())));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->task, 1U);
  EXPECT_FALSE(index.find("", read_request("[]")));
}

TEST(Requests, HostileJsonStays) {
  for (const std::string text :
       {"", "[]", "null", "{\"messages\": 3}", "{\"messages\": []}", "{\"messages\": [3]}",
        "{\"messages\": [{\"role\": 4}]}", "{\"messages\": [{\"role\": \"user\"}]}",
        "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": 4}]}]}"}) {
    EXPECT_EQ(read_request(text).stays, Stays::unreadable) << text;
  }
  EXPECT_EQ(read_request("{\"input\": \"x\"}").stays, Stays::other_route);
  EXPECT_EQ(read_request("{\"prompt\": \"x\"}").stays, std::nullopt);
}

}  // namespace
}  // namespace understudy
