// PackedMatrix: the weights of a linear layer (or an embedding table), y = W x with W (N, K), in the packed
// layout (packed_layout.h). Shares the memory it lies in. Movable, immutable once packed; safe to share
// between threads.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "base/arena.h"
#include "base/thread_pool.h"
#include "tensor/dtype.h"
#include "tensor/packed_layout.h"

namespace understudy {

class PackedMatrix {
 public:
  PackedMatrix() = default;
  // Panels that are packed already, 64-byte aligned; `memory` keeps them alive.
  PackedMatrix(DType dtype, int rows, int k, const std::byte* panels, std::shared_ptr<const void> memory)
      : dtype_(dtype), rows_(rows), k_(k), memory_(std::move(memory)), data_(panels) {}
  // Packs `rows` rows of `k` values each, stored one after the other as in a GGUF file.
  // Requires k % 32 == 0 (and % 256 for the K formats) and file.size() == rows * k / block * block bytes.
  // The panels are taken from `memory`, which must never be released; a model's matrices share one arena,
  // because huge pages of their own would double the size of a small model.
  static PackedMatrix pack(DType dtype, int rows, int k, std::span<const std::byte> file, ThreadPool& pool,
                           std::shared_ptr<Arena> memory);

  DType dtype() const { return dtype_; }
  int rows() const { return rows_; }  // N
  int k() const { return k_; }        // K
  int panels() const { return (rows_ + kPanelRows - 1) / kPanelRows; }
  const std::byte* panel(int p) const { return data_ + static_cast<size_t>(p) * panel_bytes(dtype_, k_); }
  size_t bytes() const { return static_cast<size_t>(panels()) * panel_bytes(dtype_, k_); }
  // Of bytes(), the low quants.
  size_t low_bytes() const {
    return static_cast<size_t>(panels()) * (panel_scales_at(dtype_, k_) - panel_low_at(dtype_, k_));
  }
  explicit operator bool() const { return data_ != nullptr; }

  // Row `row`, exactly dequantised to f32, out[K].
  void unpack_row(int row, float* out) const;

 private:
  DType dtype_ = DType::f32;
  int rows_ = 0, k_ = 0;
  std::shared_ptr<const void> memory_;
  const std::byte* data_ = nullptr;
};

}  // namespace understudy
