#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "app/demo/questions.h"
#include "app/demo/sentence_template.h"
#include "base/json.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr int kMaxListNumbers = 200;  // of a range

// What the data leaves to the home: its devices, rooms, floors.
const std::map<std::string, std::vector<std::string>, std::less<>> kOurHome = {
    {"name",
     {"kitchen lamp", "desk light", "front door", "garage door", "bedroom fan", "tv", "coffee machine",
      "reading lamp", "porch light", "heater", "blinds", "radio", "back door", "ceiling fan"}},
    {"area", {"kitchen", "bedroom", "living room", "garage", "office", "bathroom", "hallway", "dining room"}},
    {"floor", {"first floor", "ground floor", "basement", "upstairs"}},
};
// Where the data takes any words.
const std::vector<std::string> kAnyWords = {
    "milk",         "fresh bread",   "pasta",       "dinner is ready",  "call mum",
    "jazz",         "coffee beans",  "the laundry", "water the plants", "green tea",
    "paper towels", "the blue album"};

struct Template {
  std::string intent, sentence;
  json::object slots;  // that the words do not say
  const TemplateWords* words = nullptr;
  bool spent = false;
};

Error broken(std::string what, std::string where) {
  return Error{ErrorCode::corrupt, std::move(what), std::move(where), ""};
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

void add_range(const json::object& range, std::vector<std::pair<std::string, std::string>>& list) {
  json::error_code code;
  const auto member = [&](std::string_view key, int otherwise) {
    const json::value* value = range.if_contains(key);
    const int number = value != nullptr ? value->to_number<int>(code) : otherwise;
    return code ? otherwise : number;
  };
  const int from = member("from", 0), to = member("to", 100), step = std::max(1, member("step", 1));
  for (int n = from; n <= to && list.size() < kMaxListNumbers; n += step)
    list.emplace_back(std::to_string(n), std::to_string(n));
}

Status add_lists(const json::object& lists, TemplateWords& words) {
  for (const auto& [key, value] : lists) {
    if (!value.is_object()) return broken("a list is not an object", std::string(key));
    auto& list = words.lists[std::string(key)];
    const json::object& definition = value.get_object();
    if (const json::value* range = definition.if_contains("range"); range != nullptr && range->is_object()) {
      add_range(range->get_object(), list);
    } else if (const json::value* values = definition.if_contains("values");
               values != nullptr && values->is_array()) {
      for (const json::value& each : values->get_array()) {
        const json::object* pair = each.if_object();
        const json::value* in = pair != nullptr ? pair->if_contains("in") : &each;
        const json::value* out = pair != nullptr ? pair->if_contains("out") : &each;
        if (in == nullptr || out == nullptr)
          return broken("a list has a value without words", std::string(key));
        list.emplace_back(text_of(*in), text_of(*out));
      }
    } else {
      for (const std::string& any : kAnyWords) list.emplace_back(any, any);
    }
  }
  return Status();
}

Status add_words(const json::object& data, TemplateWords& words) {
  const json::value* rules = data.if_contains("expansion_rules");
  if (rules != nullptr && rules->is_object()) {
    for (const auto& [key, value] : rules->get_object()) words.rules[std::string(key)] = text_of(value);
  }
  const json::value* lists = data.if_contains("lists");
  return lists != nullptr && lists->is_object() ? add_lists(lists->get_object(), words) : Status();
}

class Templates {
 public:
  Status read(const json::value& data);
  Result<std::vector<DemoQuestion>> draw(size_t count, uint64_t seed);

 private:
  Status add_block(const std::string& intent, const json::value& block);

  std::vector<std::unique_ptr<TemplateWords>> words_;  // of all, then of blocks with words of their own
  std::vector<Template> templates_;
};

Status Templates::add_block(const std::string& intent, const json::value& block) {
  const json::object* object = block.if_object();
  const json::value* sentences = object != nullptr ? object->if_contains("sentences") : nullptr;
  if (sentences == nullptr || !sentences->is_array()) return broken("an intent has no sentences", intent);
  const TemplateWords* words = words_[0].get();
  if (object->contains("expansion_rules") || object->contains("lists")) {
    words_.push_back(std::make_unique<TemplateWords>(*words));
    RETURN_IF_ERROR(add_words(*object, *words_.back()));
    words = words_.back().get();
  }
  json::object slots;
  const json::value* given = object->if_contains("slots");
  if (given != nullptr && given->is_object()) slots = given->get_object();
  for (const json::value& sentence : sentences->get_array())
    templates_.push_back({intent, text_of(sentence), slots, words, false});
  return Status();
}

Status Templates::read(const json::value& data) {
  const json::object* object = data.if_object();
  const json::value* intents = object != nullptr ? object->if_contains("intents") : nullptr;
  if (intents == nullptr || !intents->is_object()) return broken("the data has no intents", "");
  words_.push_back(std::make_unique<TemplateWords>());
  for (const auto& [name, members] : kOurHome) {
    for (const std::string& each : members) words_[0]->lists[name].emplace_back(each, each);
  }
  RETURN_IF_ERROR(add_words(*object, *words_[0]));
  for (const auto& [intent, body] : intents->get_object()) {
    const json::object* members = body.if_object();
    const json::value* blocks = members != nullptr ? members->if_contains("data") : nullptr;
    if (blocks == nullptr || !blocks->is_array()) return broken("an intent has no data", std::string(intent));
    for (const json::value& block : blocks->get_array())
      RETURN_IF_ERROR(add_block(std::string(intent), block));
  }
  return Status();
}

std::string answer_of(const Template& from, const Sentence& sentence) {
  json::object slots = from.slots;
  for (const auto& [name, meaning] : sentence.slots) slots[name] = meaning;
  return json::serialize(json::object{{"intent", from.intent}, {"slots", std::move(slots)}});
}

// Round after round one sentence of each template. A template whose draws bring nothing new for a while is spent.
Result<std::vector<DemoQuestion>> Templates::draw(size_t count, uint64_t seed) {
  constexpr int kDraws = 30;
  std::mt19937_64 random(seed);
  std::vector<DemoQuestion> commands;
  std::set<std::string> seen;
  for (bool any_new = true; any_new && commands.size() < count;) {
    any_new = false;
    for (size_t i = 0; i < templates_.size() && commands.size() < count; ++i) {
      Template& from = templates_[i];
      for (int draw = 0; draw < kDraws && !from.spent; ++draw) {
        ASSIGN_OR_RETURN(const Sentence sentence, expand_sentence(from.sentence, *from.words, random));
        if (sentence.text.empty() || !seen.insert(sentence.text).second) {
          from.spent = draw + 1 == kDraws;
          continue;
        }
        commands.push_back(
            {sentence.text, answer_of(from, sentence), from.intent, fmt::format("{}/{}", from.intent, i)});
        any_new = true;
        break;
      }
    }
  }
  return commands;
}

}  // namespace

Result<std::vector<DemoQuestion>> home_commands(std::string_view intents_json, size_t count, uint64_t seed) {
  ASSIGN_OR_RETURN(const json::value data, parse_json(intents_json));
  Templates templates;
  RETURN_IF_ERROR(templates.read(data));
  return templates.draw(count, seed);
}

}  // namespace understudy
