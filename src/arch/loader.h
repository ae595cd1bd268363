// Loader: what an architecture file reads a model through. Config keys get the architecture's prefix and a
// range; tensors are checked against the expected shape and type, then packed. The first problem is kept
// (with key or tensor, expected and found), later calls return harmless values, and the architecture file
// stays a plain list: ask status() at the end. Loading is from one thread; packing uses the pool.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arch/decoder.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "formats/model_file.h"
#include "ops/attention.h"
#include "ops/layer_norm.h"
#include "tensor/packed_weights.h"

namespace understudy {

class Loader {
 public:
  // Matrices come from `weights`, which packs what it does not have.
  Loader(const ModelFile& file, ThreadPool& pool, PackedWeights& weights, KvType kv = KvType::f16);

  KvType kv_type() const { return kv_; }  // of the attention blocks

  // "<architecture>.<key>" as an integer in [min, max]; -1 (not below min) is never returned on error, min
  // is.
  int integer(std::string_view key, int min, int max);
  int integer_or(std::string_view key, int min, int max, int fallback);
  // A per-layer array, or one number for all layers.
  std::vector<int> integers(std::string_view key, int count, int min, int max);
  float real(std::string_view key);
  float real_or(std::string_view key, float fallback);
  std::string text_or(std::string_view key, std::string fallback);
  bool has_key(std::string_view key) const;
  bool has_tensor(const std::string& name) const { return file_.tensor(name) != nullptr; }

  // y = W x with W (n, k); the GGUF tensor has shape {k, n}. A bias tensor of the same stem is read if `bias`
  // says so. The layers of blocks ("blk.…") get the numbers by which adapters know them.
  enum class Bias { none, optional, required };
  Linear linear(const std::string& stem, int n, int k, Bias bias = Bias::none);
  std::shared_ptr<const Linear> table(const std::string& name, int k);  // (any number of rows, k)
  std::vector<float> vector(const std::string& name, int size);         // empty after a problem
  RmsNorm norm(const std::string& name, int size, float eps);
  LayerNorm layer_norm(const std::string& stem, int size, float eps);  // stem.weight and stem.bias
  int rows_of(const std::string& name);                                // of a matrix of any number of rows
  // Of f32, f16 or bf16; row-major. Empty after a problem.
  std::vector<float> matrix(const std::string& name, int rows, int columns);

  // The layers of blocks so far, by Linear::id.
  std::vector<AdaptableLayer> adaptable_layers() const { return adaptable_layers_; }

  // Keeps the error "<architecture>.<key>: expected ..., found ...".
  void fail(ErrorCode code, std::string_view key, std::string_view expected, std::string_view found);
  bool ok() const { return status_.ok(); }
  Status status() const { return status_; }

 private:
  std::string full(std::string_view key) const { return file_.architecture + "." + std::string(key); }
  void fail_value(std::string_view key, const Error& error);  // a key that is missing or of another type
  void keep(Error error);                                     // unless there was one before
  const TensorView* expect(const std::string& name, const std::vector<int64_t>& shape);
  PackedMatrix pack(const TensorView& tensor, int n, int k);
  const ModelFile& file_;
  ThreadPool& pool_;
  const KvType kv_;
  PackedWeights& weights_;
  std::vector<AdaptableLayer> adaptable_layers_;
  Status status_;
};

}  // namespace understudy
