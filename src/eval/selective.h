// How well a confidence tells right answers from wrong ones.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace understudy {

struct ScoredAnswer {
  double confidence = 0;  // in [0, 1]
  bool right = false;
};

// Answering only where confidence >= threshold covers `coverage` of the rows, of which `risk` are wrong.
struct RiskCoveragePoint {
  double threshold = 0, coverage = 0, risk = 0;
};

// One point for every distinct confidence, from the highest down; the last has coverage 1. Empty for no rows.
// R. El-Yaniv, Y. Wiener, "On the foundations of noise-free selective classification", JMLR 11 (2010).
std::vector<RiskCoveragePoint> risk_coverage(std::span<const ScoredAnswer> answers);

// Area under that curve: the mean over k of the risk of the k most confident rows; equal confidences count as if in random
// order (the expectation). 0 for no rows. Y. Geifman, G. Uziel, R. El-Yaniv, "Bias-reduced uncertainty estimation for deep
// neural classifiers", ICLR 2019.
double area_under_risk_coverage(std::span<const ScoredAnswer> answers);

struct CalibrationBin {
  double low = 0, high = 0;  // of confidence
  int64_t n = 0;
  double confidence = 0, accuracy = 0;  // means; 0 when n = 0
};

// `bins` bins of equal width. C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", ICML 2017.
std::vector<CalibrationBin> calibration_bins(std::span<const ScoredAnswer> answers, int bins = 15);

// Expected calibration error: the mean of |accuracy - confidence| over bins, weighted by rows.
double expected_calibration_error(std::span<const CalibrationBin> bins);

}  // namespace understudy
