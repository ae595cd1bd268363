// Simulated promotions of policies that lose exactly the margin, or nothing (P12). usage: gate_simulation [PROMOTIONS [FIRST]]
// Prints one line a task: how many of the opened seals passed, with an exact 95 % interval. Exit status 1 if a task at the
// margin has more than 6 % accepted. FIRST: the line of the table below to begin with; each has its own seed, so that they
// can be run apart.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "eval/proportion.h"
#include "eval/testing/simulated_promotion.h"

namespace understudy {
namespace {

struct Line {
  SimulatedTask task;
  bool at_margin;
};

// delta 2 and 3 points; one-sided losses (gain 0) are the most skewed. Sealed rows as P4 asks for, or as many as a smaller
// task has.
const Line kLines[] = {
    {{3, 300, 310, 0, 0.02, 0.02}, true},      {{3, 300, 620, 0.01, 0.03, 0.02}, true},
    {{3, 600, 1240, 0.03, 0.05, 0.02}, true},  {{3, 1500, 2000, 0.01, 0.03, 0.02}, true},
    {{3, 200, 200, 0, 0.03, 0.03}, true},      {{3, 300, 770, 0.02, 0.05, 0.03}, true},
    {{1, 600, 1240, 0.02, 0.02, 0.02}, false}, {{1, 600, 770, 0.01, 0.01, 0.02}, false},
};

bool run(const Line& line, int promotions, uint64_t seed) {
  PromotionSimulator simulator(line.task, seed);
  int64_t passed = 0, any = 0, attempts = 0;
  for (int i = 0; i < promotions; i++) {
    const SimulatedPromotion promotion = simulator.run();
    passed += promotion.verdict == Verdict::pass ? 1 : 0;
    any += promotion.rungs_above_margin > 0 ? 1 : 0;
    attempts += promotion.attempts;
  }
  const auto percent = [&](int64_t count) { return 100.0 * static_cast<double>(count) / promotions; };
  const Interval interval = clopper_pearson(passed, promotions, 0.95);
  fmt::print(
      "delta {:.0f}, gain {:.1f} %, loss {:.1f} %, dev {}, sealed {}: {} of {} passed, {:.2f} % ({:.2f} to "
      "{:.2f}); of all "
      "{} attempts {:.3f} %; one opening for each of {} rungs: {:.1f} %\n",
      100 * line.task.delta, 100 * line.task.gain, 100 * line.task.loss, line.task.dev_rows,
      line.task.sealed_rows, passed, promotions, percent(passed), 100 * interval.low, 100 * interval.high,
      attempts, 100 * static_cast<double>(passed) / static_cast<double>(attempts), line.task.rungs,
      percent(any));
  std::fflush(stdout);
  return !line.at_margin || percent(passed) <= 6;
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  const int promotions = argc > 1 ? std::atoi(argv[1]) : 2000;
  const int first = argc > 2 ? std::atoi(argv[2]) : 1;
  bool held = promotions > 0 && first > 0;
  for (size_t seed = static_cast<size_t>(std::max(first, 1)); seed <= std::size(understudy::kLines); seed++)
    held &= understudy::run(understudy::kLines[seed - 1], promotions, seed);
  return held ? 0 : 1;
}
