#include "app/loop_models.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "app/model_store.h"
#include "app/progress.h"

namespace understudy {
namespace {

std::atomic<bool> is_cancelled = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // set in a signal handler

struct Shown {
  std::string stage;
  std::chrono::steady_clock::time_point next;
};

}  // namespace

Models models_of_user(int threads) {
  return Models([](const std::string& name) { return find_model(name); }, threads);
}

OnProgress progress_on_stderr() {
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  const auto interval = terminal ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
  auto shown = std::make_shared<Shown>();
  return [terminal, interval, shown](const WorkProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    const bool is_new = shown->stage != progress.stage;
    if (!is_new && now < shown->next && progress.share < 1) return;
    std::string line = fmt::format("{}: {:.0f} %", progress.stage, 100 * progress.share);
    if (progress.seconds_left && progress.share < 1)
      line += fmt::format(", {} left", human_seconds(*progress.seconds_left));
    if (!progress.detail.empty()) line += ", " + progress.detail;
    if (terminal) {
      fmt::print(stderr, "{}\r\033[K{}{}", is_new && !shown->stage.empty() ? "\n" : "", line,
                 progress.share >= 1 ? "\n" : "");
    } else {
      fmt::print(stderr, "{}\n", line);
    }
    std::fflush(stderr);
    shown->stage = progress.share >= 1 ? "" : progress.stage;
    shown->next = now + interval;
  };
}

const std::atomic<bool>* cancelled_by_signal() {
  struct sigaction action{};
  action.sa_handler = [](int) { is_cancelled = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  return &is_cancelled;
}

}  // namespace understudy
