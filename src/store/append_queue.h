// Group commit: calls that wait together become durable together, with one wait for the disk.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "store/call.h"

namespace understudy {

class AppendQueue {
 public:
  using Done = std::function<void(Status)>;
  // Makes all of them durable; returns a Status for each.
  using Commit = std::function<std::vector<Status>(std::span<const Call>)>;

  explicit AppendQueue(Commit commit);
  // Commits what was pushed before.
  ~AppendQueue();
  AppendQueue(const AppendQueue&) = delete;
  AppendQueue& operator=(const AppendQueue&) = delete;

  // Thread-safe. `done` is called once, on the queue's thread; or here with Error{exhausted} if kMaxQueuedCalls or
  // kMaxQueuedBytes wait already.
  void push(Call call, Done done);

 private:
  void loop();

  Commit commit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Call> calls_;
  std::vector<Done> done_;  // of calls_
  size_t bytes_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace understudy
