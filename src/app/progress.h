// Progress of long work, with rate and time left: a line that redraws itself on a terminal, a log line now
// and then elsewhere. Writes to stderr.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace understudy {

// "98.4 MB", "1.12 GB" (decimal, as disks and networks count).
std::string human_bytes(uint64_t bytes);
// "4 s", "3 min 20 s", "2 h 5 min".
std::string human_seconds(double seconds);

class Progress {
 public:
  // `total` bytes, 0 if unknown; `start` of them were there before. With a `unit` ("calls") it is these that are
  // counted.
  Progress(std::string label, uint64_t total, uint64_t start, std::string unit = "");
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(uint64_t done);
  // Ends the line. Further calls do nothing.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(double seconds) const;
  std::string amount(double count) const;

  std::string label_, unit_;
  uint64_t total_, start_, done_;
  bool terminal_;
  bool finished_ = false;
  Clock::time_point begin_, next_;
};

}  // namespace understudy
