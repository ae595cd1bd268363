// What it costs to find the task of a live call. usage: matching TASKS CALLS.jsonl [COPIES]
// TASKS: the folder of a home's tasks; CALLS: rows with a "request" and maybe a "project" (understudy calls export).
// COPIES: so many further tasks for each, alike but for their last words, which are all compared first. stdout: one JSON
// line; microseconds of a call: mean of the best of several rounds, and the 99th percentile over all rounds.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "base/json.h"
#include "flywheel/contract.h"
#include "flywheel/task_files.h"

namespace understudy {
namespace {

constexpr int kRounds = 5;

struct LoggedCall {
  std::string project, request;
};

std::vector<LoggedCall> read_calls(const char* path) {
  std::vector<LoggedCall> calls;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto row = parse_json(line);
    const boost::json::object* object = row.ok() ? row->if_object() : nullptr;
    const boost::json::value* request = object != nullptr ? object->if_contains("request") : nullptr;
    if (request == nullptr) continue;
    const boost::json::value* project = object->if_contains("project");
    const bool named = project != nullptr && project->is_string();
    calls.push_back({named ? std::string(project->get_string()) : "", boost::json::serialize(*request)});
  }
  return calls;
}

void add_tasks(TaskIndex& index, const std::vector<TaskRecord>& records, int copies) {
  for (const TaskRecord& record : records) {
    index.add(record.task);
    for (int copy = 0; copy < copies; copy++) {
      Task task = record.task;
      task.skeleton.messages.back().literals.back() += fmt::format(" Task {}.", copy);
      index.add(std::move(task));
    }
  }
}

// Microseconds of every call in every round.
class Timings {
 public:
  explicit Timings(size_t calls) : calls_(calls) {}

  template <typename Work>
  auto time(const Work& work) {
    const auto begin = std::chrono::steady_clock::now();
    auto result = work();
    values_.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    return result;
  }
  double best_mean() const {
    double best = 1e300;
    for (auto round = values_.begin(); round != values_.end(); round += static_cast<ptrdiff_t>(calls_))
      best = std::min(best, std::accumulate(round, round + static_cast<ptrdiff_t>(calls_), 0.0));
    return best / static_cast<double>(calls_);
  }
  double percentile99() const {
    std::vector<double> sorted = values_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() * 99 / 100];
  }

 private:
  size_t calls_;
  std::vector<double> values_;
};

int run(const char* folder, const char* path, int copies) {
  const auto records = read_tasks(folder);
  if (!records.ok()) {
    fmt::print(stderr, "{}\n", records.error().message());
    return 1;
  }
  const std::vector<LoggedCall> calls = read_calls(path);
  if (calls.empty() || records->empty()) {
    fmt::print(stderr, "{} tasks in {}, {} calls in {}: both are needed\n", records->size(), folder,
               calls.size(), path);
    return 1;
  }
  TaskIndex index;
  add_tasks(index, *records, copies);
  Timings reading(calls.size()), finding(calls.size());
  size_t matched = 0, bytes = 0;
  for (int round = 0; round < kRounds; round++) {
    for (const LoggedCall& call : calls) {
      const RequestShape shape = reading.time([&] { return read_request(call.request); });
      const auto found = finding.time([&] { return index.find(call.project, shape); });
      matched += round == 0 && found ? 1 : 0;
      bytes += round == 0 ? call.request.size() : 0;
    }
  }
  fmt::print(
      "{{\"tasks\": {}, \"calls\": {}, \"bytes_a_call\": {}, \"matched\": {}, \"read_us\": {:.2f}, "
      "\"read_p99_us\": {:.2f}, \"find_us\": {:.3f}, \"find_p99_us\": {:.3f}}}\n",
      index.size(), calls.size(), bytes / calls.size(), matched, reading.best_mean(), reading.percentile99(),
      finding.best_mean(), finding.percentile99());
  return 0;
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    fmt::print(stderr, "usage: matching TASKS CALLS.jsonl [COPIES]\n");
    return 64;
  }
  return understudy::run(argv[1], argv[2], argc == 4 ? std::atoi(argv[3]) : 0);
}
