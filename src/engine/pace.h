// Pace: how many prompt rows a step may take so that it ends soon: a cancelled request keeps its place, and
// other streams wait, no longer than a step. Chunking changes no token (the numeric contract), so the pace
// may follow the clock. Not thread-safe.
#pragma once

#include <algorithm>

namespace understudy {

class Pace {
 public:
  explicit Pace(int most_rows) : most_rows_(most_rows) {}

  // Prompt rows for the next step.
  int rows() const {
    if (row_ms_ == 0) return std::min(most_rows_, kFirstRows);
    const double affordable = std::min<double>(most_rows_, kStepMs / row_ms_);
    return std::max(std::min(most_rows_, kFewestRows), static_cast<int>(affordable));
  }

  // A step of `rows` rows took `ms`. Steps of few rows are bound by the weights' bytes and say nothing about
  // a row.
  void took(int rows, double ms) {
    if (rows < kFewestRows) return;
    const double now = ms / rows;
    row_ms_ = row_ms_ == 0 ? now : row_ms_ + (now - row_ms_) / 4;
  }

 private:
  static constexpr double kStepMs = 60;   // of the 100 that a cancelled request may hold its place
  static constexpr int kFewestRows = 16;  // a page: chunks end at page boundaries
  static constexpr int kFirstRows = 32;   // before anything was measured
  int most_rows_;
  double row_ms_ = 0;
};

}  // namespace understudy
