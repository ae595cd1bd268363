#include "app/demo/frontier_answers.h"

#include <boost/json.hpp>

#include "base/sha256.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr const char* kPlainAnswers[] = {
    "Let us take it step by step.\nFirst write down what is known, then what is asked for, and look for what "
    "connects "
    "the two.",
    "It depends on what you mean.\nIf you take the words as they stand, the answer is most likely yes, but "
    "there are "
    "exceptions.",
    "Good question.\nThe short answer is that nobody can say for sure. Here is what speaks for it, and what "
    "against "
    "it."};

// Equal texts give equal numbers in [0, 1), on every machine.
double share_of(std::string_view text, uint64_t seed) {
  const std::string hash = sha256_hex(std::to_string(seed) + '/' + std::string(text));
  return static_cast<double>(std::stoull(hash.substr(0, 13), nullptr, 16)) / static_cast<double>(1ull << 52);
}

std::vector<std::pair<std::string, std::string>> by_kind(const std::vector<DemoQuestion>& questions) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const DemoQuestion& question : questions) texts.emplace_back(question.kind, question.text);
  return texts;
}

// The answer of a command if its intent were `intent`.
std::string with_intent(const std::string& answer, const std::string& intent) {
  json::object object = json::parse(answer).as_object();
  object["intent"] = intent;
  return json::serialize(object);
}

// The text of the last message of the user, parts of text joined.
std::string last_user_text(const json::object& request) {
  const json::value* messages = request.if_contains("messages");
  if (messages == nullptr || !messages->is_array()) return "";
  std::string text;
  for (const json::value& message : messages->get_array()) {
    const json::object* object = message.if_object();
    const json::value* role = object != nullptr ? object->if_contains("role") : nullptr;
    const json::value* content = object != nullptr ? object->if_contains("content") : nullptr;
    if (role == nullptr || content == nullptr || *role != "user") continue;
    text.clear();
    if (content->is_string()) text = content->get_string();
    if (!content->is_array()) continue;
    for (const json::value& part : content->get_array()) {
      const json::object* fields = part.if_object();
      const json::value* piece = fields != nullptr ? fields->if_contains("text") : nullptr;
      if (piece != nullptr && piece->is_string()) text += piece->get_string();
    }
  }
  return text;
}

}  // namespace

FrontierAnswers::FrontierAnswers(const DemoQuestions& questions, double error_rate, uint64_t seed)
    : bank_index_(by_kind(questions.bank)), home_index_(by_kind(questions.home)) {
  std::map<std::string, std::string> confused;
  for (const DemoQuestion& question : questions.bank) {
    std::string& other = confused[question.kind];
    if (other.empty()) other = bank_index_.nearest_other(question.kind);
    bank_[question.text] = share_of(question.text, seed) < error_rate ? other : question.answer;
  }
  confused.clear();
  for (const DemoQuestion& command : questions.home) {
    std::string& other = confused[command.kind];
    if (other.empty()) other = home_index_.nearest_other(command.kind);
    home_[command.text] =
        share_of(command.text, seed) < error_rate ? with_intent(command.answer, other) : command.answer;
  }
}

std::string FrontierAnswers::bank_answer(std::string_view question) const {
  const auto known = bank_.find(question);
  return known != bank_.end() ? known->second : "";
}

std::string FrontierAnswers::home_answer(std::string_view command) const {
  const auto known = home_.find(command);
  return known != home_.end() ? known->second : "";
}

std::string FrontierAnswers::answer(const json::object& request) const {
  const std::string user = last_user_text(request);
  std::string_view text = user;
  if (text.starts_with(kBankQuestion) && text.ends_with(kBankEnd)) {
    text.remove_prefix(kBankQuestion.size());
    text.remove_suffix(std::min(kBankEnd.size(), text.size()));
    const std::string known = bank_answer(text);
    return known.empty() ? bank_index_.nearest(text) : known;
  }
  if (text.starts_with(kHomeCommand)) {
    text.remove_prefix(kHomeCommand.size());
    const std::string known = home_answer(text);
    if (!known.empty()) return known;
    return json::serialize(json::object{{"intent", home_index_.nearest(text)}, {"slots", json::object()}});
  }
  const auto chosen = static_cast<size_t>(share_of(user, 0) * double(std::size(kPlainAnswers)));
  return kPlainAnswers[chosen];
}

}  // namespace understudy
