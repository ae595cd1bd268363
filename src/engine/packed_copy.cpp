#include "engine/packed_copy.h"

#include <fcntl.h>
#include <sys/file.h>

#include "base/file_descriptor.h"

namespace understudy {

PackedCopy::PackedCopy(const ModelLocation& location, const std::string& digest, PackedWeights::Access access,
                       ThreadPool& pool)
    : location_(location), source_(location.source + " " + digest) {
  if (location_.packed.empty()) return;
  if (auto copy = PackedWeights::read(location_.packed, source_, access, pool); copy.ok())
    weights_ = std::move(*copy);
}

Status PackedCopy::keep() const {
  if (location_.packed.empty() || !weights_.packed_anything()) return {};
  // One writer of a copy at a time, over all processes: a lock on the model itself, which leaves nothing behind.
  const FileDescriptor model(::open(location_.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!model.valid() || ::flock(model.get(), LOCK_EX | LOCK_NB) != 0) return {};
  return weights_.write(location_.packed, source_);
}

}  // namespace understudy
