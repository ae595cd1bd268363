#include "app/demo/traffic.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <set>

namespace understudy {
namespace {

namespace json = boost::json;

constexpr size_t kStreamEvery = 8;  // one call in so many is streamed

const char* const kHomePrompt =
    "Turn the command for the smart home into JSON with the keys intent and slots. Slots are an object; "
    "leave "
    "out what the command does not say.\nUse only intents that Home Assistant knows.";

// Labels that somebody might add to the bank's list one day.
constexpr const char* kNewLabels[] = {"crypto_wallet", "joint_account", "mortgage_offer",  "savings_goal",
                                      "tax_statement", "overdraft_fee", "insurance_claim", "loyalty_points"};
constexpr const char* kNewInstructions[] = {
    "Answer with the intent's name in capital letters and nothing else.",
    "Answer with the intent's name and how sure you are in percent.",
    "Answer with the two best intents, best first.",
    "Answer with the intent's name, or 'none' if nothing fits well.",
    "Answer with the number of the intent and nothing else."};

class TrafficMaker {
 public:
  TrafficMaker(const DemoQuestions& questions, const TrafficOptions& options)
      : questions_(questions), options_(options), random_(options.seed), bank_prompt_(bank_prompt({})) {}

  DemoTraffic make();

 private:
  size_t below(size_t n) { return static_cast<size_t>(random_() % n); }
  template <typename T>
  const T& any(const std::vector<T>& list) {
    return list[below(list.size())];
  }
  template <typename T>
  void shuffle(std::vector<T>& list) {
    for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[below(i)]);
  }
  std::string bank_prompt(const std::string& new_label);
  json::object request(json::array messages) const;
  json::object bank(const std::string& question, const std::string& prompt) const;
  json::object home(const std::string& command, const std::string& prompt = kHomePrompt) const;
  DemoCall other(size_t number);
  json::object changed(size_t change);

  const DemoQuestions& questions_;
  const TrafficOptions& options_;
  std::mt19937_64 random_;
  std::string bank_prompt_;
};

json::object message(std::string_view role, std::string_view text) {
  return {{"role", role}, {"content", text}};
}

std::string bank_user(const std::string& question) {
  return std::string(kBankQuestion) + question + std::string(kBankEnd);
}

std::string TrafficMaker::bank_prompt(const std::string& new_label) {
  std::set<std::string> intents;
  for (const DemoQuestion& question : questions_.bank) intents.insert(question.kind);
  if (!new_label.empty()) intents.insert(new_label);
  std::string list;
  for (const std::string& intent : intents) list += "- " + intent + "\n";
  return "You are the triage step of a retail bank's support desk. Read the customer's question and choose "
         "the one "
         "intent that fits best.\n\nIntents:\n" +
         list + "\nAnswer with the intent's name and nothing else.";
}

json::object TrafficMaker::request(json::array messages) const {
  return {{"model", options_.model}, {"messages", std::move(messages)}, {"temperature", 0}};
}

json::object TrafficMaker::bank(const std::string& question, const std::string& prompt) const {
  return request({message("system", prompt), message("user", bank_user(question))});
}

json::object TrafficMaker::home(const std::string& command, const std::string& prompt) const {
  return request({message("system", prompt), message("user", std::string(kHomeCommand) + command)});
}

DemoCall TrafficMaker::other(size_t number) {
  const std::string& question = any(questions_.other);
  json::array messages;
  switch (number % 4) {
    case 0:
      messages = {message("system", "You are a helpful assistant."), message("user", question)};
      break;
    case 1:
      messages.push_back(message("user", question));
      break;
    case 2:
      messages = {message("system", "You are a helpful assistant."), message("user", any(questions_.other)),
                  message("assistant", "Let us see. What do you know so far?"), message("user", question)};
      break;
    default:
      messages = {message("system", any(questions_.other)), message("user", question)};
  }
  return {CallKind::other, "", json::serialize(request(std::move(messages))), "", "", false};
}

constexpr const char* kChanges[] = {"label_added", "sentence_edited", "new_tool",    "several_answers",
                                    "image_part",  "second_turn",     "home_edited", "home_format"};

json::object tool() {
  return {{"type", "function"},
          {"function",
           {{"name", "block_card"}, {"parameters", {{"type", "object"}, {"properties", json::object()}}}}}};
}

// A call of a task with one thing changed: kChanges[change].
json::object TrafficMaker::changed(size_t change) {
  const std::string& question = any(questions_.bank).text;
  json::object plain = bank(question, bank_prompt_);
  switch (change) {
    case 0:
      return bank(question, bank_prompt(kNewLabels[below(std::size(kNewLabels))]));
    case 1: {
      const size_t last = bank_prompt_.rfind('\n') + 1;
      return bank(question,
                  bank_prompt_.substr(0, last) + kNewInstructions[below(std::size(kNewInstructions))]);
    }
    case 2:
      plain["tools"] = {tool()};
      return plain;
    case 3:
      plain["n"] = 2;
      return plain;
    case 4:
      plain["messages"].get_array()[1] = json::object{
          {"role", "user"},
          {"content",
           {{{"type", "text"}, {"text", bank_user(question)}},
            {{"type", "image_url"}, {"image_url", {{"url", "data:image/png;base64,iVBORw0KGgo="}}}}}}};
      return plain;
    case 5: {
      json::array& messages = plain["messages"].get_array();
      messages.push_back(message("assistant", any(questions_.bank).answer));
      messages.push_back(message("user", bank_user(any(questions_.bank).text)));
      return plain;
    }
    case 6: {
      std::string prompt = kHomePrompt;
      prompt.replace(prompt.find("intent and slots"), 16, "intent, area and slots");
      return home(any(questions_.home).text, prompt);
    }
    default: {
      json::object schema = home(any(questions_.home).text);
      schema["response_format"] = {{"type", "json_object"}};
      return schema;
    }
  }
}

DemoTraffic TrafficMaker::make() {
  std::vector<DemoCall> calls;
  for (const DemoQuestion& question : questions_.bank) {
    calls.push_back({CallKind::bank, "", json::serialize(bank(question.text, bank_prompt_)), question.answer,
                     question.group, false});
  }
  for (const DemoQuestion& command : questions_.home) {
    calls.push_back(
        {CallKind::home, "", json::serialize(home(command.text)), command.answer, command.group, false});
  }
  for (size_t i = 0; i < options_.other_calls; ++i) calls.push_back(other(i));
  for (size_t change = 0; change < std::size(kChanges); ++change) {
    for (size_t i = 0; i < options_.calls_per_change; ++i) {
      calls.push_back({CallKind::changed, kChanges[change], json::serialize(changed(change)), "", "", false});
    }
  }
  shuffle(calls);
  DemoTraffic traffic;
  const auto seen = static_cast<ptrdiff_t>(options_.history_share * static_cast<double>(calls.size()));
  traffic.history.assign(calls.begin(), calls.begin() + seen);
  traffic.live.assign(calls.begin() + seen, calls.end());
  for (size_t i = 0; i < options_.foreign_calls; ++i) {
    const std::string& text = any(questions_.foreign);
    const bool at_bank = i % 2 == 0;
    const json::object request = at_bank ? bank(text, bank_prompt_) : home(text);
    traffic.live.push_back({CallKind::foreign, at_bank ? "in the bank's prompt" : "in the home's prompt",
                            json::serialize(request), "", "", false});
  }
  shuffle(traffic.live);
  for (auto* part : {&traffic.history, &traffic.live}) {
    for (size_t i = 0; i < part->size(); i += kStreamEvery) {
      json::object request = json::parse((*part)[i].request).as_object();
      request["stream"] = true;
      request["stream_options"] = {{"include_usage", true}};
      (*part)[i].request = json::serialize(request);
      (*part)[i].stream = true;
    }
  }
  return traffic;
}

}  // namespace

std::string_view name_of(CallKind kind) {
  switch (kind) {
    case CallKind::bank:
      return "bank";
    case CallKind::home:
      return "home";
    case CallKind::other:
      return "other";
    case CallKind::changed:
      return "changed";
    case CallKind::foreign:
      return "foreign";
  }
  return "";
}

Result<DemoQuestions> read_questions(const DemoData& data, size_t home_count, uint64_t seed) {
  DemoQuestions questions;
  ASSIGN_OR_RETURN(questions.bank, bank_questions(data.banking));
  ASSIGN_OR_RETURN(questions.home, home_commands(data.commands, home_count, seed));
  ASSIGN_OR_RETURN(std::vector<std::string> problems, other_questions(data.gsm8k));
  ASSIGN_OR_RETURN(std::vector<std::string> facts, other_questions(data.boolq));
  // Neither part sees the other's: what is foreign in a slot was never chat before.
  for (auto* list : {&problems, &facts}) {
    const auto half = static_cast<ptrdiff_t>(list->size() / 2);
    questions.other.insert(questions.other.end(), list->begin(), list->begin() + half);
    questions.foreign.insert(questions.foreign.end(), list->begin() + half, list->end());
  }
  if (questions.bank.empty() || questions.home.empty() || questions.other.empty() ||
      questions.foreign.empty())
    return Error{ErrorCode::corrupt, "the data of the demo has an empty part", "", ""};
  return questions;
}

DemoTraffic make_traffic(const DemoQuestions& questions, const TrafficOptions& options) {
  return TrafficMaker(questions, options).make();
}

}  // namespace understudy
