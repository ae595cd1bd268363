// Mining: which tasks a log holds, and which calls belong to them. By structure alone; docs/design/mining.md has
// the method and its limits.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "flywheel/answer.h"
#include "flywheel/request_shape.h"
#include "flywheel/task.h"
#include "store/call.h"

namespace understudy {

// A call once it was read.
struct ReadCall {
  RequestShape request;
  CallAnswer answer;
};

// Takes a call apart. Calls without a usable answer get Stays::no_answer.
ReadCall read_call(const Call& call);

// Where a call went: a task, or the reason why it stays with the incumbent.
struct Placement {
  std::optional<size_t> task;  // index into Mining::tasks
  Stays stays = Stays::alone;  // if there is no task
};

struct Mining {
  std::vector<Task> tasks;            // those known, then new ones
  std::vector<Placement> placements;  // one a call
};

// `calls` and `read` have equal length. Calls are matched with the `known` tasks first; the others are mined among
// themselves. The same calls in the same order give the same result. Time is O(n log n) in the calls' bytes but for
// what limits.h bounds. `progress`, which may be empty, is told how many calls are placed.
Mining mine(std::span<const Call> calls, std::span<const ReadCall> read, std::span<const Task> known = {},
            const std::function<void(size_t)>& progress = {});

}  // namespace understudy
