// Answers as mining compares them: what form they have, and when two are the same.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy {

enum class AnswerKind {
  none,       // no answer, or one that was cut off or refused
  label,      // short text of one line
  number,     // a number and nothing else
  json,       // a JSON object, bare or in a ``` fence
  tool_call,  // one tool call
  text,       // anything else
};
std::string_view name_of(AnswerKind kind);  // "label"

struct CallAnswer {
  AnswerKind kind = AnswerKind::none;
  bool fenced = false;             // json inside a ``` fence
  std::vector<std::string> names;  // json: its keys in order of their bytes; tool_call: the function
  std::string value;  // equal for answers that say the same: canonical JSON, text without outer white space
  std::string raw;    // the content as it was sent; of a tool call its arguments
  std::string model;  // who answered, in its own words ("gpt-4o-2024-08-06")
  // What can be compared between tasks: the label, or the scalar members of the object ("intent=HassTurnOn").
  std::vector<std::string> features;
};

// The answer in a response: a chat completion, a completion, a bare message, or the text of an answer in
// quotes. Never fails; what cannot be read has kind none. Thread-safe.
CallAnswer read_answer(std::string_view response_json);
// The answer of a person, as text.
CallAnswer read_answer_text(std::string_view text);

// The form in which a task's answers come.
struct AnswerProfile {
  AnswerKind kind = AnswerKind::text;  // of 9 in 10 of the answers; text if there is none
  bool fenced = false;
  // Keys of the objects, or functions, that all answers of this kind have, and those that only some have.
  std::vector<std::string> names, some_names;
  size_t answers = 0;       // of any kind but none
  size_t in_form = 0;       // of the commonest kind
  size_t distinct = 0;      // values among these
  double entropy_bits = 0;  // of these values
  // Share of the next answers that would be new, estimated by those seen once (Good, 1953): f1 / n.
  double unseen_share = 0;
  std::vector<std::pair<std::string, size_t>> commonest;  // values and how often, most first; at most 200

  // "label", "json {intent, slots?}", "tool_call set_light": what a specialist has to render.
  std::string form() const;
  // Whether an answer can be compared with the incumbent's without a judge.
  bool verifiable() const { return kind != AnswerKind::text && kind != AnswerKind::none; }
};

// Whether `answer` is of the kind that the profile found.
bool in_form(const CallAnswer& answer, const AnswerProfile& profile);

// Short answers that are not a closed set (unseen_share above 1/4) are text.
AnswerProfile profile_of(std::span<const CallAnswer* const> answers);

// One kind and, for objects, a key in common.
bool same_form(const AnswerProfile& a, const AnswerProfile& b);

// Whether two sets of answers look like those of one task: of one form, and at least half of the labels, or of
// the scalar members, of each occur in the other. Numbers and free text never say so.
bool same_answers(std::span<const CallAnswer* const> a, std::span<const CallAnswer* const> b);

}  // namespace understudy
