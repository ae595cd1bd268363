#include "eval/slices.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include "eval/distributions.h"
#include "eval/proportion.h"

namespace understudy {
namespace {

struct Tally {
  int64_t n = 0, local = 0, policy = 0, incumbent = 0, gains = 0, losses = 0;

  void add(const PolicyRow& row, double tau) {
    const RowOutcome found = outcome(row, tau);
    n++;
    local += answers_locally(row, tau) ? 1 : 0;
    policy += policy_right(row, tau) ? 1 : 0;
    incumbent += incumbent_right(row) ? 1 : 0;
    gains += found.gain ? 1 : 0;
    losses += found.loss ? 1 : 0;
  }
};

SliceResult result_of(std::string name, const Tally& tally) {
  SliceResult slice;
  slice.name = std::move(name);
  slice.n = tally.n;
  slice.local = tally.local;
  slice.policy = share(tally.policy, tally.n);
  slice.incumbent = share(tally.incumbent, tally.n);
  slice.counts = {tally.n, tally.gains, tally.losses};
  slice.floor = std::min(kSliceFloor, slice.incumbent.value);
  slice.p = binomial_cdf(tally.policy, tally.n, slice.floor);
  return slice;
}

std::optional<double> smallest_visible_harm(const SliceResult& slice, double alpha) {
  int64_t critical = -1;  // the most right answers that are still too few
  while (critical + 1 < slice.n && binomial_cdf(critical + 1, slice.n, slice.floor) <= alpha) critical++;
  if (critical < 0) return std::nullopt;
  return std::max(0.0, slice.incumbent.value - binomial_cdf_inverse(critical, slice.n, kSlicePower));
}

}  // namespace

SliceReport test_slices(std::span<const PolicyRow> rows, double tau) {
  std::map<std::string_view, std::vector<const PolicyRow*>> members;
  for (const PolicyRow& row : rows) {
    for (const std::string& name : row.slices) {
      auto& slice = members[name];
      if (slice.empty() || slice.back() != &row) slice.push_back(&row);
    }
  }
  SliceReport report;
  std::set<const PolicyRow*> pooled;
  for (const auto& [name, slice] : members) {
    if (static_cast<int64_t>(slice.size()) < kMinSliceRows) {
      report.not_tested_alone.emplace_back(name);
      pooled.insert(slice.begin(), slice.end());
      continue;
    }
    Tally tally;
    for (const PolicyRow* row : slice) tally.add(*row, tau);
    report.tested.push_back(result_of(std::string(name), tally));
  }
  if (!pooled.empty()) {
    Tally tally;
    for (const PolicyRow* row : pooled) tally.add(*row, tau);
    report.tested.push_back(result_of(kPooledSlice, tally));
  }

  std::vector<double> p;
  for (const SliceResult& slice : report.tested) p.push_back(slice.p);
  const std::vector<double> adjusted = holm(p);
  for (size_t i = 0; i < report.tested.size(); i++) {
    SliceResult& slice = report.tested[i];
    slice.adjusted_p = adjusted[i];
    slice.harmed = adjusted[i] <= kSliceAlpha;
    slice.smallest_visible_harm =
        smallest_visible_harm(slice, kSliceAlpha / static_cast<double>(report.tested.size()));
  }
  std::sort(report.tested.begin(), report.tested.end(), [](const SliceResult& a, const SliceResult& b) {
    return std::tie(b.harmed, a.p, a.name) < std::tie(a.harmed, b.p, b.name);
  });
  return report;
}

}  // namespace understudy
