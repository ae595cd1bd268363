#include "eval/margin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace understudy {

Status check_margin(const Margin& margin) {
  if (!margin_in_range(margin.delta)) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the margin {} is not in (0, {}]", margin.delta, kMaxMargin), "delta",
                 "it is a share: 0.02 means 2 points"};
  }
  if (margin.delta > kMarginNeedsReason && margin.reason.find_first_not_of(" \t\r\n") == std::string::npos) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("a margin of {:.1f} points, above {:.0f}, has no reason", margin.delta * 100,
                             kMarginNeedsReason * 100),
                 "delta", "write down why this task can lose so much"};
  }
  return {};
}

int64_t sealed_rows_needed(double discordant_share, double delta) {
  // Taken down a little first: 6.2 * 0.05 / 0.02^2 is 775, which binary fractions make 775.0000000000001.
  const double rows =
      std::ceil(kSizingFactor * std::clamp(discordant_share, 0.0, 1.0) / (delta * delta) - 1e-6);
  return std::max(kMinSealedRows, static_cast<int64_t>(rows));
}

}  // namespace understudy
