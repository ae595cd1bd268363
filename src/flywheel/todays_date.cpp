#include "flywheel/todays_date.h"

#include <algorithm>
#include <string>

#include "flywheel/dates.h"
#include "flywheel/tokens.h"

namespace understudy {
namespace {

bool is_day_of_all(const Date& date, const std::vector<int64_t>& days) {
  return std::all_of(days.begin(), days.end(), [&](int64_t day) {
    const auto near = [&](int64_t other) { return day - other >= -1 && day - other <= 1; };
    return day != 0 && (near(date.day) || near(date.other_day));
  });
}

}  // namespace

Skeleton with_todays_date_as_slot(const Skeleton& skeleton, const std::vector<int64_t>& days) {
  Skeleton result;
  for (const MessageSkeleton& message : skeleton.messages) {
    std::vector<std::string>& literals = result.messages.emplace_back().literals;
    for (const std::string& literal : message.literals) {
      literals.emplace_back();
      for (const Token& token : tokens_of(literal)) {
        const std::string_view text = std::string_view(literal).substr(token.begin, token.end - token.begin);
        const auto date = date_at(literal, token.begin);
        if (!date || date->length != text.size() || !is_day_of_all(*date, days)) {
          literals.back() += text;
        } else if (literals.size() == 1 || !literals.back().empty()) {
          literals.emplace_back();
        }  // else the slot that stands before takes the date, too: two slots need text between them
      }
    }
    // So does a slot behind a date.
    for (size_t i = literals.size() - 1; i-- > 1;) {
      if (literals[i].empty()) literals.erase(literals.begin() + static_cast<ptrdiff_t>(i));
    }
  }
  return result;
}

}  // namespace understudy
