// The figures of a scan: what each task costs (Call::cost_usd; unknown stays unknown), what could move, what is still missing. P4 and P10 of the rules of a
// proof; every assumption is a field, and reports print it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "flywheel/mine.h"

namespace understudy {

struct ScanAssumptions {
  double discordant_share = 0.05;  // of sealed rows: policy and incumbent are not both right or both wrong
  double margin = 0.02;            // delta
  double audit_share = 0.05;       // of calls answered locally that also go up (P11)
  double training_cpu_minutes = 20;
  double cpu_hour_usd = 0.05;
};

// What shares of spend are shares of: the best that is known of every answered call.
enum class SpendBasis { cost, tokens, calls };
std::string_view name_of(SpendBasis basis);

struct TaskFigures {
  size_t task = 0;  // index into Mining::tasks
  size_t calls = 0;
  double spend_share = 0;
  std::optional<double> cost_usd;
  AnswerProfile answers;
  size_t distinct_prompts = 0;
  double duplicate_share = 0;     // of calls, those whose prompt came before
  size_t rows = 0;                // distinct prompts whose answer has the task's form
  size_t sealed_rows_needed = 0;  // P4: max(200, 6.2 d / delta^2)
  size_t training_rows_needed = 0;
  size_t rows_missing = 0;
  // Calls answered locally that pay for the training; empty without prices, or if they never do.
  std::optional<double> break_even_calls;

  // Free text needs a judge, which there is none of: such tasks stay.
  bool movable() const { return answers.verifiable(); }
};

struct StayFigures {
  Stays reason = Stays::alone;
  size_t calls = 0;
  double spend_share = 0;
};

struct ScanFigures {
  size_t calls = 0;
  std::optional<double> cost_usd;
  SpendBasis basis = SpendBasis::calls;
  double movable_share = 0;  // of spend: an upper bound of what could move
  double movable_calls_share = 0;
  std::vector<TaskFigures> tasks;  // with calls, by spend, most first
  std::vector<StayFigures> stays;  // with calls, by spend, most first
};

ScanFigures scan_figures(const Mining& mining, std::span<const Call> calls, std::span<const ReadCall> read,
                         const ScanAssumptions& assumptions);

}  // namespace understudy
