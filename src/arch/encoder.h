// Encoder: a network that turns texts into vectors. Immutable; shared between threads, each with a Workspace.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "arch/network.h"
#include "blocks/encoder_block.h"

namespace understudy {

enum class Pooling { mean, first };  // of the last layer's rows

// What an architecture file fills in.
struct EncoderParts {
  std::shared_ptr<const Linear> embedding;  // (V, C)
  std::vector<float> positions;             // (T, C)
  std::vector<float> token_type;            // (C): that of the first segment, the only one here
  LayerNorm embedding_norm;                 // (C)
  std::vector<std::unique_ptr<EncoderBlock>> blocks;
  Pooling pooling = Pooling::mean;
};

class Encoder {
 public:
  Encoder(EncoderParts parts, const KernelTable& kernels) : parts_(std::move(parts)), kernels_(kernels) {}

  int vocabulary() const { return parts_.embedding->weight.rows(); }  // V
  int width() const { return parts_.embedding->weight.k(); }          // C
  int context() const {                                               // T: most tokens of a text
    return static_cast<int>(parts_.positions.size() / parts_.token_type.size());
  }

  // Vectors (texts, C) of length 1, row-major; valid until the workspace is used again. Every text has 1 to
  // context() ids below vocabulary(). A text's vector does not depend on its company.
  std::span<const float> embed(std::span<const std::span<const int32_t>> texts, Workspace& workspace) const;

  std::vector<Cost> costs() const;

 private:
  Rows embed_rows(const Context& context, const Batch& batch, std::span<const int> positions) const;
  EncoderParts parts_;
  const KernelTable& kernels_;
};

}  // namespace understudy
