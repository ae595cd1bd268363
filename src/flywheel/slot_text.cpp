#include "flywheel/slot_text.h"

namespace understudy {

std::string slot_text(std::span<const Slot> slots, std::span<const std::string_view> values) {
  if (values.size() == 1) return std::string(values[0]);
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += '\n';
    text += slots[i].name + ": ";
    text += values[i];
  }
  return text;
}

std::string slot_text(std::span<const Slot> slots, const std::vector<std::string>& values) {
  const std::vector<std::string_view> views(values.begin(), values.end());
  return slot_text(slots, views);
}

}  // namespace understudy
