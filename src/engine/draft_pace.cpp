#include "engine/draft_pace.h"

#include <algorithm>

namespace understudy {

namespace {

constexpr double kNewShare = 1.0 / 4;      // of the latest step in the mean
constexpr double kMostGrowth = 2;          // a step that took longer than so many means was interrupted
constexpr double kForgotten = 1.0 / 8192;  // of a mean at each step of other rows: it is tried again some day
// Means scatter, and the best of many looks better than it is: less than this is no gain.
constexpr double kLeastGain = 1.1;
// What a row is taken to add to a step before it was measured: little, so that it is tried.
constexpr double kRowShare = 0.05;

}  // namespace

void DraftPace::took(int rows, double ms) {
  if (rows < 1 || rows > kMostRows) return;
  for (double& mean : ms_) mean -= kForgotten * mean;
  double& mean = ms_[static_cast<size_t>(rows)];
  mean = mean == 0 ? ms : mean + kNewShare * (std::min(ms, kMostGrowth * mean) - mean);
}

// A step of more rows takes no less time: what was measured of fewer and of more holds from below and from above.
double DraftPace::expected_ms(int rows) const {
  const double known = ms_[static_cast<size_t>(rows)];
  if (known > 0) return known;
  int below = rows, above = rows;
  while (below > 0 && ms_[static_cast<size_t>(below)] == 0) below--;
  while (above < kMostRows && ms_[static_cast<size_t>(above)] == 0) above++;
  const double least = ms_[static_cast<size_t>(below)], most = ms_[static_cast<size_t>(above)];
  if (least == 0) return most;
  const double grown = least * (1 + kRowShare * (rows - below));
  return most == 0 ? grown : std::min(grown, std::max(least, most));
}

int DraftPace::rows_worth(int rows, double tokens, std::span<const double> chances) const {
  int best = 0;
  double best_rate = 0, right = 1;  // right: the chance that all tokens so far are
  for (int drafted = 0; drafted <= static_cast<int>(chances.size()) && rows + drafted <= kMostRows;
       drafted++) {
    if (drafted > 0) right *= chances[static_cast<size_t>(drafted) - 1], tokens += right;
    const double ms = expected_ms(rows + drafted);
    const double rate = ms > 0 ? tokens / ms : 0;
    if (drafted == 0) best_rate = kLeastGain * rate;
    if (rate > best_rate) best = drafted, best_rate = rate;
  }
  return best;
}

}  // namespace understudy
