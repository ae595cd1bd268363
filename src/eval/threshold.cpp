#include "eval/threshold.h"

#include <algorithm>

namespace understudy {
namespace {

std::vector<double> make_grid() {
  std::vector<double> grid = {0.9999, 0.9995, 0.999, 0.998, 0.995};
  for (int percent = 99; percent >= 0; percent--) grid.push_back(percent / 100.0);
  return grid;
}

}  // namespace

std::span<const double> threshold_grid() {
  static const std::vector<double> grid = make_grid();
  return grid;
}

ThresholdChoice choose_threshold(std::span<const PolicyRow> rows, double delta) {
  std::vector<const PolicyRow*> by_confidence;
  for (const PolicyRow& row : rows) {
    if (row.matched) by_confidence.push_back(&row);
  }
  std::stable_sort(by_confidence.begin(), by_confidence.end(),
                   [](const PolicyRow* a, const PolicyRow* b) { return a->confidence > b->confidence; });

  ThresholdChoice choice;
  PairedCounts counts{static_cast<int64_t>(rows.size()), 0, 0};
  size_t local = 0;
  for (const double tau : threshold_grid()) {
    for (; local < by_confidence.size() && by_confidence[local]->confidence >= tau; local++) {
      const RowOutcome found = outcome(*by_confidence[local], tau);
      counts.gains += found.gain ? 1 : 0;
      counts.losses += found.loss ? 1 : 0;
    }
    const double bound = tango_lower(counts, kThresholdLevel);
    choice.path.push_back({tau, static_cast<int64_t>(local), counts, bound});
    if (bound <= -delta / 2) break;
    choice.tau = tau;
    choice.local_share = static_cast<double>(local) / static_cast<double>(rows.size());
    choice.discordant_share = counts.discordant_share();
  }
  return choice;
}

std::optional<size_t> choose_rung(std::span<const ThresholdChoice> rungs) {
  std::optional<size_t> best;
  for (size_t i = 0; i < rungs.size(); i++) {
    if (!rungs[i].tau || rungs[i].local_share < kMinLocalShare) continue;
    if (!best || rungs[i].local_share > rungs[*best].local_share) best = i;
  }
  return best;
}

}  // namespace understudy
