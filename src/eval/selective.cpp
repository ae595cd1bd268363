#include "eval/selective.h"

#include <algorithm>
#include <cmath>

namespace understudy {
namespace {

// Rows of one confidence, in falling order of it.
struct Block {
  double confidence = 0;
  double rows = 0, wrong = 0;
};

std::vector<Block> blocks_of(std::span<const ScoredAnswer> answers) {
  std::vector<ScoredAnswer> sorted(answers.begin(), answers.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const ScoredAnswer& a, const ScoredAnswer& b) { return a.confidence > b.confidence; });
  std::vector<Block> blocks;
  for (const ScoredAnswer& answer : sorted) {
    if (blocks.empty() || blocks.back().confidence != answer.confidence)
      blocks.push_back({answer.confidence, 0, 0});
    blocks.back().rows += 1;
    blocks.back().wrong += answer.right ? 0 : 1;
  }
  return blocks;
}

}  // namespace

std::vector<RiskCoveragePoint> risk_coverage(std::span<const ScoredAnswer> answers) {
  std::vector<RiskCoveragePoint> points;
  double rows = 0, wrong = 0;
  for (const Block& block : blocks_of(answers)) {
    rows += block.rows;
    wrong += block.wrong;
    points.push_back({block.confidence, rows / static_cast<double>(answers.size()), wrong / rows});
  }
  return points;
}

double area_under_risk_coverage(std::span<const ScoredAnswer> answers) {
  double rows = 0, wrong = 0, area = 0;
  for (const Block& block : blocks_of(answers)) {
    for (double i = 1; i <= block.rows; i++) area += (wrong + block.wrong * i / block.rows) / (rows + i);
    rows += block.rows;
    wrong += block.wrong;
  }
  return rows > 0 ? area / rows : 0;
}

std::vector<CalibrationBin> calibration_bins(std::span<const ScoredAnswer> answers, int bins) {
  bins = std::max(bins, 1);
  std::vector<CalibrationBin> result(static_cast<size_t>(bins));
  for (int i = 0; i < bins; i++) {
    result[static_cast<size_t>(i)].low = static_cast<double>(i) / bins;
    result[static_cast<size_t>(i)].high = static_cast<double>(i + 1) / bins;
  }
  for (const ScoredAnswer& answer : answers) {
    const double position = std::clamp(answer.confidence, 0.0, 1.0) * bins;
    CalibrationBin& bin = result[static_cast<size_t>(std::min(static_cast<int>(position), bins - 1))];
    bin.n++;
    bin.confidence += answer.confidence;
    bin.accuracy += answer.right ? 1 : 0;
  }
  for (CalibrationBin& bin : result) {
    if (bin.n == 0) continue;
    bin.confidence /= static_cast<double>(bin.n);
    bin.accuracy /= static_cast<double>(bin.n);
  }
  return result;
}

double expected_calibration_error(std::span<const CalibrationBin> bins) {
  double rows = 0, sum = 0;
  for (const CalibrationBin& bin : bins) {
    rows += static_cast<double>(bin.n);
    sum += static_cast<double>(bin.n) * std::abs(bin.accuracy - bin.confidence);
  }
  return rows > 0 ? sum / rows : 0;
}

}  // namespace understudy
