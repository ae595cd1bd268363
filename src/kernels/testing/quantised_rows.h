// Rows of activations as the linear kernels read them (Int8Rows), for tests and bench/kernels.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/kernel_table.h"

namespace understudy {

struct QuantisedRows {
  QuantisedRows(const KernelTable& table, const float* x, int rows, int k)
      : q(static_cast<size_t>(rows * k)), d(q.size() / 32), dsum(d.size()), neg_sum(2 * d.size()) {
    for (int r = 0; r < rows; r++) {
      const int group = r / kRowGroup * kRowGroup;
      const auto at = static_cast<size_t>(group * k / 32 + r - group);
      table.quantize_row(x + r * k, k, std::min(kRowGroup, rows - group), &q[32 * at], &d[at], &dsum[at],
                         &neg_sum[2 * at]);
    }
  }
  Int8Rows int8() const { return {q.data(), d.data(), dsum.data(), neg_sum.data()}; }

  std::vector<int8_t> q;
  std::vector<float> d, dsum;
  std::vector<int32_t> neg_sum;
};

struct Bf16Rows {
  Bf16Rows(const KernelTable& table, const float* x, int rows, int k)
      : lines(static_cast<size_t>((rows + kTileRows - 1) / kTileRows * kTileRows * k / 32)) {
    for (int r = 0; r < rows; r++) table.round_row_bf16(x + r * k, k, words() + bf16_row_at(r, k));
  }
  uint16_t* words() { return lines[0].words; }
  const uint16_t* words() const { return lines[0].words; }
  size_t size() const { return 32 * lines.size(); }

  struct alignas(64) Line {  // a tile's row that lies in two lines of the cache takes twice as long to load
    uint16_t words[32];
  };
  std::vector<Line> lines;
};

}  // namespace understudy
