// Runs another program without a shell.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace understudy {

// Called with what the program writes to its stdout; an Error stops the program (SIGTERM) and is returned.
using OutputSink = std::function<Status(std::span<const std::byte>)>;

// Runs argv[0] (found through PATH) to its end and returns its exit code (128 + signal if one killed it). The
// program shares our stderr and has no stdin. Without a sink its stdout goes to our stderr, so that stdout
// stays for results. Errors: not_found when the program does not exist, io, or the sink's.
Result<int> run_program(const std::vector<std::string>& argv, const OutputSink& sink = nullptr);

}  // namespace understudy
