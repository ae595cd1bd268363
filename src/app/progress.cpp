#include "app/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace understudy {
namespace {
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kLogEvery = std::chrono::seconds(10);
constexpr int kBarWidth = 24;
}  // namespace

std::string human_bytes(uint64_t bytes) {
  constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : (value < 99.95 ? 1 : 0), kUnits[unit]);
}

std::string human_seconds(double seconds) {
  auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

Progress::Progress(std::string label, uint64_t total, uint64_t start, std::string unit)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      start_(start),
      done_(start),
      terminal_(::isatty(STDERR_FILENO) == 1),
      begin_(Clock::now()),
      next_(begin_ + (terminal_ ? Clock::duration::zero() : Clock::duration(kLogEvery))) {}

std::string Progress::amount(double count) const {
  if (unit_.empty()) return human_bytes(static_cast<uint64_t>(count));
  return fmt::format("{:.{}f} {}", count, count < 9.95 && count != std::floor(count) ? 1 : 0, unit_);
}

std::string Progress::line(double seconds) const {
  double rate = static_cast<double>(done_ - start_) / (seconds > 1e-3 ? seconds : 1e-3);
  std::string text = label_ + "  ";
  if (total_ > 0) {
    double share = static_cast<double>(done_) / static_cast<double>(total_);
    if (terminal_) {
      int filled = static_cast<int>(share * kBarWidth);
      text += fmt::format("[{:<{}}] ", std::string(static_cast<size_t>(filled), '#'), kBarWidth);
    }
    const std::string done = unit_.empty() ? human_bytes(done_) : std::to_string(done_);
    text += fmt::format("{:.0f} %  {} of {}", share * 100, done, amount(static_cast<double>(total_)));
  } else {
    text += amount(static_cast<double>(done_));
  }
  text += fmt::format("  {}/s", amount(rate));
  if (finished_) {
    text += "  in " + human_seconds(seconds);
  } else if (total_ > done_ && rate > 0) {
    text += fmt::format("  {} left", human_seconds(static_cast<double>(total_ - done_) / rate));
  }
  return text;
}

void Progress::update(uint64_t done) {
  done_ = done < start_ ? start_ : done;
  auto now = Clock::now();
  if (finished_ || now < next_) return;
  double seconds = std::chrono::duration<double>(now - begin_).count();
  if (terminal_) {
    fmt::print(stderr, "\r{}\033[K", line(seconds));
    next_ = now + kRedraw;
  } else {
    fmt::print(stderr, "{}\n", line(seconds));
    next_ = now + kLogEvery;
  }
  std::fflush(stderr);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  fmt::print(stderr, "{}{}{}\n", terminal_ ? "\r" : "", line(seconds), terminal_ ? "\033[K" : "");
}

}  // namespace understudy
