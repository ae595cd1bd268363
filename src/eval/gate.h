// The gate: sealed rows in, a proof out. It opens nothing and decides nothing else; the store commits the opening first, the
// flywheel acts on the verdict.
#pragma once

#include <optional>
#include <vector>

#include "eval/leak.h"
#include "eval/proof.h"

namespace understudy {

struct GateInput {
  PolicyIdentity policy;
  Truth truth = Truth::labels;
  Margin margin;
  Seal seal;
  std::optional<TrainManifest> train_manifest;
  double dev_discordant_share = 0;  // ThresholdChoice::discordant_share of the chosen rung
  std::vector<PolicyRow> rows;      // sealed: one a group
  Traffic traffic;
};

// Applies P1 to P10 at input.policy.tau. A refused, failed or inconclusive proof is a value; an Error (invalid_argument) is
// input that no proof can be made of: rows that break check_rows, tau or dev_discordant_share outside [0, 1], a margin
// outside its range. Pure: the same input gives the same proof, bit for bit.
Result<Proof> prove(const GateInput& input);

}  // namespace understudy
