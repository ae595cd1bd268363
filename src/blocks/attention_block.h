// AttentionBlock: x += [post_norm] o( attention( rope([norm] q(h)), rope([norm] k(h)), v(h) ) ), h = norm(x).
#pragma once

#include <optional>

#include "blocks/block.h"
#include "ops/attention.h"
#include "ops/linear.h"
#include "ops/rms_norm.h"
#include "ops/rope.h"

namespace understudy {

class AttentionBlock : public Block {
 public:
  RmsNorm norm;                           // (C)
  Linear q, k, v, o;                      // (H D, C), (G D, C), (G D, C), (C, H D)
  std::optional<RmsNorm> q_norm, k_norm;  // (D): per head, before rope
  std::optional<RmsNorm> post_norm;       // (C)
  Rope rope;
  AttentionShape shape;  // heads, window, scale; the page offset is filled in by place_pages

  void forward(const Step& step, Rows x) const override;
  Cost cost() const override;
  bool has_backward() const override { return true; }
  std::optional<PagedState> paged_state() const override {
    return PagedState{shape.window, shape.page_bytes()};
  }
  const Rope* rope_used() const override { return &rope; }
  void place_rope(int index) override { rope_ = static_cast<size_t>(index); }
  void place_pages(int group, size_t page_offset) override {
    group_ = group;
    shape.page_offset = page_offset;
  }

 private:
  int group_ = 0;
  size_t rope_ = 0;
};

}  // namespace understudy
