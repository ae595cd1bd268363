// A training as it stands between two steps, and as bytes: a line of JSON, the arrays as f32, the SHA-256 of it all.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "train/adamw.h"
#include "train/sft.h"

namespace understudy {

struct TrainingState {
  SftReport report;
  int64_t log_bytes = 0;      // of log.jsonl that belong to it
  std::vector<float> values;  // Adapter::values
  AdamWState moments;
  std::vector<float> best;  // values at report.best_step; empty before the first look
};

// Replaces the file. Error{io}.
Status write_checkpoint(const TrainingState& state, const std::string& path);

// not_found if there is none. `values` is how many an adapter of this run has. Errors: corrupt, io.
Result<TrainingState> read_checkpoint(const std::string& path, size_t values);

}  // namespace understudy
