// The object of a proof (P1): the policy that will run, not the specialist alone. A row tells what the specialist would do;
// a threshold tau makes a policy of it: answered locally if the call matched and confidence >= tau, otherwise escalated, and
// then the incumbent's logged answer counts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/paired.h"

namespace understudy {

// One graded call; it stands for its group of near duplicates (P3).
struct PolicyRow {
  std::string id;                   // the call
  std::string group;                // its near-duplicate group
  double calls = 1;                 // how many calls of the ledger its group has: its weight in traffic; > 0
  std::vector<std::string> slices;  // "intent=card_arrival", "project=web", ...

  bool matched = true;    // contract and domain gate let it through; otherwise the specialist is never asked
  double confidence = 0;  // of the specialist, in [0, 1]
  bool well_formed = true;         // its answer has the form that the contract promises
  std::optional<double> distance;  // to the nearest training row, >= 0

  bool same_answer = false;  // specialist and incumbent gave the same answer: right or wrong together
  std::optional<bool> specialist_right;  // against the truth (src/grade); not graded if empty
  std::optional<bool> incumbent_right;

  std::optional<double> specialist_ms, incumbent_ms;  // from request to last byte
  std::optional<double> specialist_cost,
      incumbent_cost;  // of this call, in the currency of the ledger; unknown is empty
};

inline bool answers_locally(const PolicyRow& row, double tau) { return row.matched && row.confidence >= tau; }

// Rightness with ungraded answers taken as right. Rows are left ungraded only where both gave the same answer (P2,
// adjudicated truth), so what this hides is harm to neither side.
bool policy_right(const PolicyRow& row, double tau);
bool incumbent_right(const PolicyRow& row);

// Whether the policy gains or loses against the incumbent on this row. Needs check_rows.
struct RowOutcome {
  bool gain = false, loss = false;
};
RowOutcome outcome(const PolicyRow& row, double tau);
PairedCounts count_policy(std::span<const PolicyRow> rows, double tau);

// What every function over rows relies on: ids differ, groups are named and differ (P3: one row a group), figures are finite
// and in range, and a row that matched and whose answers differ is graded on both sides. Errors: invalid_argument, naming
// the row; `what` names the rows ("dev", "sealed").
Status check_rows(std::span<const PolicyRow> rows, const std::string& what);

}  // namespace understudy
