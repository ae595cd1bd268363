#include "flywheel/slot_rules.h"

#include <algorithm>
#include <numeric>

#include "flywheel/dates.h"
#include "flywheel/limits.h"
#include "flywheel/tokens.h"

namespace understudy {
namespace {

constexpr size_t kMaxFieldWords = 3;
constexpr size_t kMaxNameBytes = 32;
constexpr size_t kMaxNameWords = 3;

bool all_dates(const SlotValues& values) {
  return std::all_of(values.begin(), values.end(),
                     [](const auto& value) { return is_date_or_time(value.first); });
}

// Whether the slot stands where data is written, "Tier: {slot}\n", and its values look like data.
bool is_field(std::string_view before, std::string_view after, const SlotValues& values) {
  const size_t last = before.find_last_not_of(' ');
  if (last == std::string_view::npos ||
      std::string_view(":=\"'>").find(before[last]) == std::string_view::npos) {
    return false;
  }
  if (!after.empty() && std::string_view("\n\r\"'<").find(after.front()) == std::string_view::npos)
    return false;
  return std::all_of(values.begin(), values.end(),
                     [](const auto& value) { return count_words(value.first) <= kMaxFieldWords; });
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The last words of `before` if it ends in something that introduces a value; else "".
std::string name_before(std::string_view before) {
  size_t end = before.find_last_not_of(" \t\r\n\"'`([{");
  if (end == std::string_view::npos || std::string_view(":=>").find(before[end]) == std::string_view::npos)
    return "";
  const std::string_view line = before.substr(0, end);
  size_t begin = line.find_last_of("\n<>.,;{[(:");
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  std::string name;
  size_t words = 0;
  for (const char c : line.substr(begin)) {
    if (is_name(c)) {
      name += static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
      ++words;
    }
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  const auto underscores = static_cast<size_t>(std::count(name.begin(), name.end(), '_'));
  return name.size() > kMaxNameBytes || std::max(words, underscores) >= kMaxNameWords ? "" : name;
}

}  // namespace

std::vector<SlotPlace> slot_places(const Skeleton& skeleton) {
  std::vector<SlotPlace> places;
  for (size_t i = 0; i < skeleton.messages.size(); ++i) {
    for (size_t j = 1; j < skeleton.messages[i].literals.size(); ++j) places.push_back({i, j});
  }
  return places;
}

std::vector<std::string_view> versions_of(const Skeleton& skeleton, const SlotPlace& place,
                                          const SlotValues& values) {
  std::vector<std::string_view> versions;
  size_t all = 0, covered = 0;
  for (const auto& [value, prompts] : values) {
    all += prompts;
    if (prompts < kMinCalls) continue;
    versions.push_back(value);
    covered += prompts;
  }
  if (versions.empty() || versions.size() > kMaxVersions || covered * kVersionShareOf < all * kVersionShare)
    return {};
  const std::vector<std::string>& literals = skeleton.messages[place.message].literals;
  if (all_dates(values) || is_field(literals[place.literal - 1], literals[place.literal], values)) return {};
  return versions;
}

std::vector<std::string> closed_values(const SlotValues& values) {
  size_t all = 0;
  for (const auto& [value, prompts] : values) all += prompts;
  if (values.size() > kMaxClosedValues || all < values.size() * kMinCalls || all_dates(values)) return {};
  std::vector<std::string> closed;
  for (const auto& [value, prompts] : values) closed.emplace_back(value);
  return closed;
}

std::vector<std::string> slot_names(const Skeleton& skeleton, const std::vector<std::string>& roles) {
  std::vector<std::string> names;
  std::map<std::string, size_t> used;
  for (const SlotPlace& place : slot_places(skeleton)) {
    const MessageSkeleton& message = skeleton.messages[place.message];
    std::string name = name_before(message.literals[place.literal - 1]);
    if (name.empty())
      name = message.slots() == 1 && place.message < roles.size() ? roles[place.message] : "slot";
    const size_t count = ++used[name];
    names.push_back(count == 1 ? name : name + '_' + std::to_string(count));
  }
  return names;
}

}  // namespace understudy
