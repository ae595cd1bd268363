// Wall clock and CPU time of a stretch of work.
#pragma once

#include <time.h>

#include <chrono>

namespace understudy {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  // Of the whole process: an upper bound while other threads work too.
  double cpu_seconds() const { return process_cpu_seconds() - cpu_begin_; }

 private:
  static double process_cpu_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }

  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  double cpu_begin_ = process_cpu_seconds();
};

}  // namespace understudy
