// Answers of a task in the incumbent's own form: what there is to choose from, whether a text keeps the contract, and
// whether two answers say the same.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "flywheel/answer.h"
#include "flywheel/dataset.h"
#include "flywheel/task.h"

namespace understudy {

// An answer as it is compared, and as it is sent.
struct KnownAnswer {
  std::string value, text;
};

// The answers of rows, by value; each with the text that the incumbent sent most often for it, a person's only where
// there is no other.
std::vector<KnownAnswer> known_answers(std::span<const DatasetRow> rows);

// Whether choosing among the known answers is enough: labels, and objects and tool calls if of the next ones less than
// kMaxUnseenAnswers would be new (estimated by those seen once), at most kMaxChoices in all.
inline constexpr double kMaxUnseenAnswers = 0.05;
inline constexpr size_t kMaxChoices = 1000;
bool is_closed(AnswerKind kind, std::span<const DatasetRow> rows);

// Whether a specialist's answer has the form that the contract promises, and says what `value` says. `text` is the content
// or, of a tool call, its arguments.
bool keeps_form(const Contract& contract, std::string_view value, std::string_view text);

// What a tool call's value names: "set_light" of set_light({"on":true}); and its arguments.
std::string_view tool_of(std::string_view value);
std::string_view arguments_of(std::string_view value);

// Whether `answer` is right if `truth` is (src/grade): labels and texts byte for byte, numbers and JSON by value. Both are
// values as CallAnswer has them.
Result<bool> says_the_same(AnswerKind kind, std::string_view answer, std::string_view truth);

}  // namespace understudy
