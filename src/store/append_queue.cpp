#include "store/append_queue.h"

#include <utility>

#include "store/limits.h"

namespace understudy {

AppendQueue::AppendQueue(Commit commit) : commit_(std::move(commit)), thread_([this] { loop(); }) {}

AppendQueue::~AppendQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void AppendQueue::push(Call call, Done done) {
  const size_t bytes = call.request.size() + call.response.size();
  {
    const std::lock_guard lock(mutex_);
    if (calls_.size() < kMaxQueuedCalls && bytes_ + bytes <= kMaxQueuedBytes) {
      calls_.push_back(std::move(call));
      done_.push_back(std::move(done));
      bytes_ += bytes;
      wake_.notify_one();
      return;
    }
  }
  done(Error{ErrorCode::exhausted, "too many calls wait for the disk", "", ""});
}

void AppendQueue::loop() {
  while (true) {
    std::vector<Call> calls;
    std::vector<Done> done;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !calls_.empty(); });
      if (calls_.empty()) return;
      calls.swap(calls_);
      done.swap(done_);
      bytes_ = 0;
    }
    const std::vector<Status> statuses = commit_(calls);
    for (size_t i = 0; i < done.size(); ++i) done[i](statuses[i]);
  }
}

}  // namespace understudy
