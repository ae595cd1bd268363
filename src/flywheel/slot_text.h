// The slots of a call as the one text that a specialist reads.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flywheel/task.h"

namespace understudy {

// One slot as it is; several as lines "name: value", in their order. None is dropped.
std::string slot_text(std::span<const Slot> slots, std::span<const std::string_view> values);
std::string slot_text(std::span<const Slot> slots, const std::vector<std::string>& values);

}  // namespace understudy
