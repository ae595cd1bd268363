// PackedCopy: the packed weights of a model that is being loaded, and the keeping of their copy on disk.
#pragma once

#include <string>

#include "base/result.h"
#include "base/thread_pool.h"
#include "engine/model_location.h"
#include "tensor/packed_weights.h"

namespace understudy {

class PackedCopy {
 public:
  // Reads the copy if the location has one that fits; else the weights are empty and will be packed.
  // `digest`: model_digest of the file, so that another file in its place is noticed.
  PackedCopy(const ModelLocation& location, const std::string& digest, PackedWeights::Access access,
             ThreadPool& pool);

  PackedWeights& weights() { return weights_; }

  // After the network was built: writes the copy if it was missing or did not have everything, unless another process
  // is at it. Error{io}: the model can be used, the next load will pack again.
  Status keep() const;

 private:
  ModelLocation location_;
  std::string source_;
  PackedWeights weights_;
};

}  // namespace understudy
