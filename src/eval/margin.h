// How much worse the policy may be, and how many sealed rows it takes to see it (P4).
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace understudy {

constexpr double kDefaultMargin = 0.02;      // 2 points
constexpr double kMarginNeedsReason = 0.03;  // above this, a written reason
constexpr double kMaxMargin = 0.2;
constexpr int64_t kMinSealedRows = 200;
// (z(0.95) + z(0.80))^2: a policy as good as the incumbent passes with a power of 80 %.
constexpr double kSizingFactor = 6.2;
constexpr double kGateLevel = 0.95;  // one-sided, of the verdict (P5)

// Fixed and stored before the test is sealed.
struct Margin {
  double delta = kDefaultMargin;  // share of right answers that may be lost
  std::string reason;             // why it is above kMarginNeedsReason
};

inline bool margin_in_range(double delta) { return delta > 0 && delta <= kMaxMargin; }

// Errors: invalid_argument (not in (0, kMaxMargin], or no reason where one is needed).
Status check_margin(const Margin& margin);

// Sealed rows that P4 asks for: max(200, 6.2 d / delta^2), d the discordant share on dev, in [0, 1].
int64_t sealed_rows_needed(double discordant_share, double delta);

}  // namespace understudy
