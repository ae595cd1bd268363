// PackedMatrix: the weights of a linear layer (or an embedding table), y = W x with W (N, K), in the packed
// layout (packed_layout.h). Owns its memory. Movable, immutable once packed; safe to share between threads.
#pragma once

#include <cstddef>
#include <span>

#include "base/huge_buffer.h"
#include "base/thread_pool.h"
#include "tensor/dtype.h"
#include "tensor/packed_layout.h"

namespace understudy {

class PackedMatrix {
 public:
  PackedMatrix() = default;
  // Packs `rows` rows of `k` values each, stored one after the other as in a GGUF file.
  // Requires k % 32 == 0 (and % 256 for the K formats) and file.size() == rows * k / block * block bytes.
  static PackedMatrix pack(DType dtype, int rows, int k, std::span<const std::byte> file, ThreadPool& pool);

  DType dtype() const { return dtype_; }
  int rows() const { return rows_; }  // N
  int k() const { return k_; }        // K
  int panels() const { return (rows_ + kPanelRows - 1) / kPanelRows; }
  const std::byte* panel(int p) const {
    return data_.data() + static_cast<size_t>(p) * panel_bytes(dtype_, k_);
  }
  size_t bytes() const { return static_cast<size_t>(panels()) * panel_bytes(dtype_, k_); }
  explicit operator bool() const { return data_.data() != nullptr; }

  // Row `row`, exactly dequantised to f32, out[K].
  void unpack_row(int row, float* out) const;

 private:
  DType dtype_ = DType::f32;
  int rows_ = 0, k_ = 0;
  HugeBuffer data_;
};

}  // namespace understudy
