// What a varying place of a prompt is: an input of the task, or the difference between two tasks.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "flywheel/skeleton.h"

namespace understudy {

// A slot of a skeleton: it stands before literal `literal` of message `message`.
struct SlotPlace {
  size_t message, literal;
};
std::vector<SlotPlace> slot_places(const Skeleton& skeleton);

// Values of a slot and how many distinct prompts have each.
using SlotValues = std::map<std::string_view, size_t>;

// The values that are versions of the prompt: at most kMaxVersions, with kMinCalls prompts each and
// kVersionShare of kVersionShareOf of all together. Empty if the slot is an input: its values are more, or
// dates, or fields: up to three words after "key:", "key=", a quote or a <tag>, and nothing behind on the line.
std::vector<std::string_view> versions_of(const Skeleton& skeleton, const SlotPlace& place,
                                          const SlotValues& values);

// The values of an input that admits no other: at most kMaxClosedValues, repeated kMinCalls times on average,
// and not all dates. Empty if the slot is open.
std::vector<std::string> closed_values(const SlotValues& values);

// Names for all slots, from the text before each: "customer_tier" for "Customer tier: ", "email" for "<email>";
// otherwise the role of the message ("user") or "slot". Unique: the second of a name is "user_2".
std::vector<std::string> slot_names(const Skeleton& skeleton, const std::vector<std::string>& roles);

}  // namespace understudy
