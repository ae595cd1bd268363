#include "engine/packed_copy.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace understudy {
namespace {

// One writer of a copy at a time, over all processes: a lock on the model itself, which leaves nothing behind.
class ModelLock {
 public:
  explicit ModelLock(const std::string& path) : handle_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~ModelLock() {
    if (handle_ >= 0) ::close(handle_);
  }
  ModelLock(const ModelLock&) = delete;
  ModelLock& operator=(const ModelLock&) = delete;

  bool try_lock() const { return handle_ >= 0 && ::flock(handle_, LOCK_EX | LOCK_NB) == 0; }

 private:
  int handle_;
};

}  // namespace

PackedCopy::PackedCopy(const ModelLocation& location, const std::string& digest, PackedWeights::Access access,
                       ThreadPool& pool)
    : location_(location), source_(location.source + " " + digest) {
  if (location_.packed.empty()) return;
  if (auto copy = PackedWeights::read(location_.packed, source_, access, pool); copy.ok())
    weights_ = std::move(*copy);
}

Status PackedCopy::keep() const {
  if (location_.packed.empty() || !weights_.packed_anything()) return {};
  const ModelLock lock(location_.path);
  return lock.try_lock() ? weights_.write(location_.packed, source_) : Status();
}

}  // namespace understudy
