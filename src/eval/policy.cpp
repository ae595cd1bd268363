#include "eval/policy.h"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <string_view>

namespace understudy {
namespace {

bool at_least_zero(const std::optional<double>& value) {
  return !value || (std::isfinite(*value) && *value >= 0);
}

// Empty if the row is sound.
const char* problem(const PolicyRow& row) {
  if (row.id.empty()) return "a row has no id";
  if (row.group.empty()) return "a row has no group";
  if (!std::isfinite(row.calls) || row.calls <= 0) return "a row's number of calls is not above 0";
  if (!(row.confidence >= 0 && row.confidence <= 1)) return "a confidence is not in [0, 1]";
  if (!at_least_zero(row.distance)) return "a distance is negative or not finite";
  if (!at_least_zero(row.specialist_ms) || !at_least_zero(row.incumbent_ms))
    return "a latency is negative or not finite";
  if (!at_least_zero(row.specialist_cost) || !at_least_zero(row.incumbent_cost))
    return "a cost is negative or not finite";
  if (row.matched && !row.same_answer && (!row.specialist_right || !row.incumbent_right)) {
    return "the answers differ and are not both graded";
  }
  if (row.same_answer && row.specialist_right != row.incumbent_right) return "the same answer has two grades";
  return nullptr;
}

}  // namespace

bool policy_right(const PolicyRow& row, double tau) {
  return answers_locally(row, tau) ? row.specialist_right.value_or(true) : incumbent_right(row);
}

bool incumbent_right(const PolicyRow& row) { return row.incumbent_right.value_or(true); }

RowOutcome outcome(const PolicyRow& row, double tau) {
  const bool policy = policy_right(row, tau), incumbent = incumbent_right(row);
  return {policy && !incumbent, !policy && incumbent};
}

PairedCounts count_policy(std::span<const PolicyRow> rows, double tau) {
  PairedCounts counts{static_cast<int64_t>(rows.size()), 0, 0};
  for (const PolicyRow& row : rows) {
    const RowOutcome found = outcome(row, tau);
    counts.gains += found.gain ? 1 : 0;
    counts.losses += found.loss ? 1 : 0;
  }
  return counts;
}

Status check_rows(std::span<const PolicyRow> rows, const std::string& what) {
  std::set<std::string_view> ids, groups;
  for (const PolicyRow& row : rows) {
    const char* found = problem(row);
    if (!found && !ids.insert(row.id).second) found = "an id occurs twice";
    if (!found && !groups.insert(row.group).second) found = "a group has two rows";
    if (!found) continue;
    return Error{ErrorCode::invalid_argument, fmt::format("{} rows: {}", what, found),
                 fmt::format("row '{}'", row.id), ""};
  }
  return {};
}

}  // namespace understudy
