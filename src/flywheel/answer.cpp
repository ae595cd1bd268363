#include "flywheel/answer.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <set>

#include "base/json.h"
#include "flywheel/canonical_json.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr size_t kMaxLabelBytes = 80;
constexpr size_t kMaxLabelWords = 8;
constexpr size_t kCommonest = 200;
constexpr double kMaxUnseenShare = 0.25;

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

// The inside of a text that is one ``` fence; the text itself if it is not.
std::string_view without_fence(std::string_view text) {
  if (text.size() < 8 || !text.starts_with("```") || !text.ends_with("```")) return text;
  const size_t line = text.find('\n');
  if (line == std::string_view::npos || line > 16) return text;
  return trimmed(text.substr(line, text.size() - 3 - line));
}

bool is_number(std::string_view text) {
  if (text.empty() || text.size() > 40) return false;
  size_t digits = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      ++digits;
    } else if (std::string_view("+-.,%$ ").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return digits > 0;
}

bool is_short(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabelBytes && text.find('\n') == std::string_view::npos &&
         std::count(text.begin(), text.end(), ' ') < static_cast<ptrdiff_t>(kMaxLabelWords);
}

void describe_object(const json::object& object, CallAnswer& answer) {
  for (const auto& [key, value] : object) {
    answer.names.emplace_back(key.data(), key.size());
    if (value.is_structured() || value.is_null()) continue;
    answer.features.push_back(std::string(key.data(), key.size()) + '=' + json::serialize(value));
  }
  std::sort(answer.names.begin(), answer.names.end());
}

CallAnswer text_answer(std::string_view raw) {
  CallAnswer answer;
  answer.raw = raw;
  const std::string_view text = trimmed(raw);
  const std::string_view inside = without_fence(text);
  if (inside.starts_with('{')) {
    if (const auto parsed = parse_json(inside); parsed.ok() && parsed->is_object()) {
      answer.kind = AnswerKind::json;
      describe_object(parsed->get_object(), answer);
      answer.fenced = inside.size() != text.size();
      answer.value = canonical_json(*parsed);
      return answer;
    }
  }
  answer.value = text;
  if (is_number(text)) {
    answer.kind = AnswerKind::number;
  } else if (is_short(text)) {
    answer.kind = AnswerKind::label;
    answer.features.push_back(answer.value);
  } else {
    answer.kind = text.empty() ? AnswerKind::none : AnswerKind::text;
  }
  return answer;
}

// {"type": "function", "function": {"name": ..., "arguments": "..."}}
CallAnswer tool_answer(const json::value& call) {
  CallAnswer answer;
  const json::object* object = call.if_object();
  const json::value* function = object != nullptr ? object->if_contains("function") : nullptr;
  if (function == nullptr || !function->is_object()) return answer;
  const json::value* name = function->get_object().if_contains("name");
  const json::value* arguments = function->get_object().if_contains("arguments");
  if (name == nullptr || !name->is_string() || arguments == nullptr || !arguments->is_string()) return answer;
  answer.kind = AnswerKind::tool_call;
  answer.raw = view(arguments->get_string());
  const auto parsed = parse_json(answer.raw);
  if (parsed.ok() && parsed->is_object()) describe_object(parsed->get_object(), answer);
  answer.names = {std::string(view(name->get_string()))};
  answer.features.push_back(answer.names[0]);
  answer.value = answer.names[0] + '(' + (parsed.ok() ? canonical_json(*parsed) : answer.raw) + ')';
  return answer;
}

// A message of an answer: {"content": ..., "tool_calls": [...], "refusal": ...}.
CallAnswer message_answer(const json::object& message) {
  const json::value* refusal = message.if_contains("refusal");
  if (refusal != nullptr && !refusal->is_null()) return {};
  const json::value* calls = message.if_contains("tool_calls");
  if (calls != nullptr && calls->is_array() && !calls->get_array().empty()) {
    if (calls->get_array().size() == 1) return tool_answer(calls->get_array()[0]);
    CallAnswer several;
    several.kind = AnswerKind::text;
    several.value = several.raw = canonical_json(*calls);
    return several;
  }
  const json::value* content = message.if_contains("content");
  return content != nullptr && content->is_string() ? text_answer(view(content->get_string())) : CallAnswer{};
}

CallAnswer choice_answer(const json::value& choice) {
  const json::object* object = choice.if_object();
  if (object == nullptr) return {};
  const json::value* reason = object->if_contains("finish_reason");
  if (reason != nullptr && (*reason == "length" || *reason == "content_filter")) return {};
  if (const json::value* message = object->if_contains("message");
      message != nullptr && message->is_object()) {
    return message_answer(message->get_object());
  }
  const json::value* text = object->if_contains("text");
  return text != nullptr && text->is_string() ? text_answer(view(text->get_string())) : CallAnswer{};
}

}  // namespace

std::string_view name_of(AnswerKind kind) {
  switch (kind) {
    case AnswerKind::none:
      return "none";
    case AnswerKind::label:
      return "label";
    case AnswerKind::number:
      return "number";
    case AnswerKind::json:
      return "json";
    case AnswerKind::tool_call:
      return "tool_call";
    case AnswerKind::text:
      return "text";
  }
  return "";
}

CallAnswer read_answer(std::string_view response_json) {
  const auto parsed = parse_json(response_json);
  if (!parsed.ok()) return {};
  if (const json::string* text = parsed->if_string()) return text_answer(view(*text));
  const json::object* response = parsed->if_object();
  if (response == nullptr) return {};
  CallAnswer answer;
  const json::value* choices = response->if_contains("choices");
  if (choices != nullptr && choices->is_array()) {
    if (choices->get_array().size() == 1) answer = choice_answer(choices->get_array()[0]);
  } else if (response->contains("content") || response->contains("tool_calls")) {
    answer = message_answer(*response);
  }
  const json::value* model = response->if_contains("model");
  if (model != nullptr && model->is_string()) answer.model = view(model->get_string());
  return answer;
}

CallAnswer read_answer_text(std::string_view text) { return text_answer(text); }

namespace {

// Which names all of the answers of a kind have, and which only some.
void collect_names(std::span<const CallAnswer* const> answers, AnswerKind kind, AnswerProfile& profile) {
  std::map<std::string, size_t> counts;
  for (const CallAnswer* answer : answers) {
    if (answer->kind != kind) continue;
    for (const std::string& name : answer->names) ++counts[name];
  }
  for (const auto& [name, count] : counts) {
    (count == profile.in_form ? profile.names : profile.some_names).push_back(name);
  }
}

void count_values(std::span<const CallAnswer* const> answers, AnswerKind kind, AnswerProfile& profile) {
  std::map<std::string_view, size_t> values;
  size_t fenced = 0;
  for (const CallAnswer* answer : answers) {
    if (answer->kind != kind) continue;
    ++values[answer->value];
    fenced += answer->fenced ? 1 : 0;
  }
  profile.fenced = fenced * 2 > profile.in_form;
  profile.distinct = values.size();
  const auto n = static_cast<double>(profile.in_form);
  size_t once = 0;
  for (const auto& [value, count] : values) {
    const double share = static_cast<double>(count) / n;
    profile.entropy_bits -= share * std::log2(share);
    once += count == 1 ? 1 : 0;
    profile.commonest.emplace_back(value, count);
  }
  profile.unseen_share = static_cast<double>(once) / n;
  std::stable_sort(profile.commonest.begin(), profile.commonest.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (profile.commonest.size() > kCommonest) profile.commonest.resize(kCommonest);
}

}  // namespace

std::string AnswerProfile::form() const {
  std::string text(name_of(kind));
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  for (const std::string& name : some_names) list += (list.empty() ? "" : ", ") + name + '?';
  if (kind == AnswerKind::json) text += " {" + list + '}';
  if (kind == AnswerKind::tool_call) text += ' ' + list;
  return fenced ? text + " in ```" : text;
}

AnswerProfile profile_of(std::span<const CallAnswer* const> answers) {
  AnswerProfile profile;
  std::map<AnswerKind, size_t> kinds;
  for (const CallAnswer* answer : answers) {
    if (answer->kind == AnswerKind::none) continue;
    ++profile.answers;
    ++kinds[answer->kind];
  }
  const auto most = std::max_element(kinds.begin(), kinds.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == kinds.end()) return profile;
  profile.in_form = most->second;
  count_values(answers, most->first, profile);
  const bool open_label = most->first == AnswerKind::label && profile.unseen_share > kMaxUnseenShare;
  if (profile.in_form * 10 < profile.answers * 9 || open_label) return profile;
  profile.kind = most->first;
  collect_names(answers, profile.kind, profile);
  return profile;
}

bool in_form(const CallAnswer& answer, const AnswerProfile& profile) {
  return answer.kind == profile.kind && answer.fenced == profile.fenced;
}

bool same_form(const AnswerProfile& a, const AnswerProfile& b) {
  if (a.kind != b.kind || a.kind != AnswerKind::json) return a.kind == b.kind;
  std::set<std::string_view> keys(a.names.begin(), a.names.end());
  keys.insert(a.some_names.begin(), a.some_names.end());
  const auto is_shared = [&](const std::string& key) { return keys.contains(key); };
  return keys.empty() || std::any_of(b.names.begin(), b.names.end(), is_shared) ||
         std::any_of(b.some_names.begin(), b.some_names.end(), is_shared);
}

bool same_answers(std::span<const CallAnswer* const> a, std::span<const CallAnswer* const> b) {
  const AnswerProfile of_a = profile_of(a), of_b = profile_of(b);
  if (!same_form(of_a, of_b) || of_a.kind == AnswerKind::number || !of_a.verifiable()) return false;
  const auto shared = [](std::span<const CallAnswer* const> from, std::span<const CallAnswer* const> with) {
    std::set<std::string_view> known;
    for (const CallAnswer* answer : with) known.insert(answer->features.begin(), answer->features.end());
    size_t all = 0, common = 0;
    for (const CallAnswer* answer : from) {
      for (const std::string& feature : answer->features) {
        ++all;
        common += known.contains(feature) ? 1 : 0;
      }
    }
    return all == 0 || common * 2 >= all;
  };
  return shared(a, b) && shared(b, a);
}

}  // namespace understudy
