// Rows of a dataset and what a specialist answers to them, graded: what thresholds and proofs are computed from.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/policy.h"
#include "eval/proof.h"
#include "flywheel/dataset.h"
#include "flywheel/specialist.h"

namespace understudy {

// labels if persons gave the answers of at least half of the rows, otherwise agreement.
Truth truth_of(std::span<const DatasetRow> rows);

// The rows that count under this truth: those that the incumbent answered and, where truth is labels, a person labelled.
std::vector<DatasetRow> rows_that_count(std::span<const DatasetRow> rows, Truth truth);

// What the incumbent took for a call; unknown is empty.
struct IncumbentFigures {
  std::optional<double> total_ms, cost_usd;
};

struct PolicyRowOptions {
  Truth truth = Truth::agreement;
  std::function<IncumbentFigures(const std::string& call_id)> incumbent;  // may be empty
  std::optional<double> usd_per_cpu_hour;
  std::function<void(size_t)> on_rows;  // how many are done; may be empty
  const std::atomic<bool>* cancelled = nullptr;
};

// Asks the specialist for each of `rows` (rows_that_count), in order. A row is matched if it answered inside its domain;
// an answer that it calls malformed itself goes up (confidence 0). well_formed is checked against the contract here,
// whatever the specialist says. Slices are the task's project, labels, tools, and members of objects that are short and
// few. Errors: those of the specialist, but for inputs that it cannot take, which go up; cancelled.
Result<std::vector<PolicyRow>> policy_rows(Specialist& specialist, const Contract& contract,
                                           std::span<const DatasetRow> rows, const PolicyRowOptions& options);

// Right answers of all graded rows, whatever their confidence.
Share standalone_right(std::span<const PolicyRow> rows);

}  // namespace understudy
