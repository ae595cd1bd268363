// The skeleton that most of a group of prompts agree on.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "flywheel/skeleton.h"

namespace understudy {

using PromptTexts = std::span<const std::string_view>;  // one text a message

// A skeleton of `prompts` (at least one, all with as many messages), made by aligning each with `seed`:
// - tokens of the seed that kAgreeing of kAgreeingOf prompts have, next to each other in as many, are constant;
// - a run of them becomes a literal if it holds for itself; a weaker one needs every prompt, and
//   kMinCallsForWeakLiteral of them unless the message starts with it;
// - a literal between two slots goes if in more than 1 of kAgreeingOf prompts it could stand elsewhere too.
// Prompts that disagree do not match the result; `seed` itself may be one.
Skeleton consensus(PromptTexts seed, const std::vector<PromptTexts>& prompts);

// Whether texts hardly share this literal by chance: a word at an end of the message, or between slots kStrongWords
// words or a word with a mark of form.
bool holds_for_itself(std::string_view literal, bool at_end_of_message);

}  // namespace understudy
