// ShortConvBlock: x += out( short_conv(in(norm(x))) ), LFM2's gated convolution. Keeps the last L - 1 inputs
// of each sequence as snapshot state.
#pragma once

#include <vector>

#include "blocks/block.h"
#include "ops/linear.h"
#include "ops/rms_norm.h"

namespace understudy {

class ShortConvBlock : public Block {
 public:
  RmsNorm norm;             // (C)
  Linear in, out;           // (3 C, C), (C, C)
  std::vector<float> taps;  // (C, L)
  int length = 0;           // L

  void forward(const Step& step, Rows x) const override;
  Cost cost() const override;
  size_t snapshot_bytes() const override {
    return static_cast<size_t>(length - 1) * static_cast<size_t>(out.weight.rows()) * sizeof(float);
  }
  void place_snapshot(size_t offset) override { offset_ = offset; }

 private:
  size_t offset_ = 0;
};

}  // namespace understudy
