// The calls of the demo's imaginary application: two repeated tasks, other traffic, and calls that look like the tasks
// and are not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/demo/demo_data.h"
#include "app/demo/questions.h"
#include "base/result.h"

namespace understudy {

enum class CallKind {
  bank,     // a bank question to one of 77 intents
  home,     // a command for a home to JSON
  other,    // open-ended chat, single and multi-turn
  changed,  // a task's prompt with another contract: must never be answered locally
  foreign,  // a task's own prompt around a question of another kind: should not be
};
std::string_view name_of(CallKind kind);

struct DemoCall {
  CallKind kind = CallKind::other;
  std::string change;   // changed, foreign: what is different ("label_added")
  std::string request;  // JSON of a chat completion; the model is the one of TrafficOptions
  std::string truth;    // bank, home: the right answer's text; "" if nobody knows one
  std::string group;    // DemoQuestion::group
  bool stream = false;
};

// What the tasks' prompts are about; the stand-in reads them too.
inline constexpr std::string_view kBankQuestion = "Customer question:\n";
inline constexpr std::string_view kBankEnd = "\n\nIntent:";
inline constexpr std::string_view kHomeCommand = "Command: ";

struct DemoQuestions {
  std::vector<DemoQuestion> bank, home;
  std::vector<std::string> other, foreign;  // of unrelated traffic; to stand where a task's question belongs
};

struct TrafficOptions {
  std::string model;  // as the application asks for it
  size_t other_calls = 600;
  size_t calls_per_change = 30;  // of each kind of changed contract
  size_t foreign_calls = 120;
  double history_share = 0.75;
  uint64_t seed = 1;
};

struct DemoTraffic {
  std::vector<DemoCall> history, live;  // in the order in which they are sent
};

// `home_count`: commands to make.
Result<DemoQuestions> read_questions(const DemoData& data, size_t home_count, uint64_t seed);

// Shuffled; the first part is history. Foreign questions come in the live part alone: nobody would label them, so in the
// history they would teach. The same questions and options give the same traffic. None may be empty.
DemoTraffic make_traffic(const DemoQuestions& questions, const TrafficOptions& options);

}  // namespace understudy
