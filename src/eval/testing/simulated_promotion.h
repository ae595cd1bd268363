// Promotions of policies whose true difference to the incumbent is known (P12): rows drawn at random go through the same
// choice of rung and tau on dev and the same gate on sealed rows as real ones.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "eval/gate.h"
#include "eval/threshold.h"

namespace understudy {

// Every discordant row has confidence 1, so that the policy's true difference is gain - loss at every tau of the grid and
// for every rung: whatever dev chooses, the sealed test faces the same truth. Concordant rows spread over all confidences.
struct SimulatedTask {
  int rungs = 3;
  int dev_rows = 600;
  int sealed_rows = 1000;
  double gain = 0.02, loss = 0.04;  // probability that the policy alone, the incumbent alone is right
  double delta = 0.02;
};

struct SimulatedPromotion {
  int attempts = 0;                    // dev draws until some rung had a tau
  Verdict verdict = Verdict::refused;  // of the rung that dev chose
  int rungs_above_margin =
      0;  // rungs whose own sealed bound is above -delta: what opening the seal for each would accept
};

class PromotionSimulator {
 public:
  PromotionSimulator(const SimulatedTask& task, uint64_t seed) : task_(task), random_(seed) {
    name_rows(dev_, task.dev_rows, "d");
    name_rows(sealed_, task.sealed_rows, "s");
  }

  // Draws dev sets until one lets some rung have a tau, then opens one sealed set.
  SimulatedPromotion run() {
    SimulatedPromotion result;
    while (true) {
      result.attempts++;
      std::vector<ThresholdChoice> rungs;
      for (int rung = 0; rung < task_.rungs; rung++) {
        draw(dev_);
        rungs.push_back(choose_threshold(dev_, task_.delta));
      }
      const auto chosen = choose_rung(rungs);
      if (!chosen) continue;
      for (size_t rung = 0; rung < rungs.size(); rung++) {
        draw(sealed_);
        const ThresholdChoice& choice = rungs[rung];
        // A rung without a tau would be opened at the grid's top by whoever opens the seal for every rung.
        const PairedCounts counts = count_policy(sealed_, choice.tau.value_or(threshold_grid().front()));
        result.rungs_above_margin += tango_lower(counts, kGateLevel) > -task_.delta ? 1 : 0;
        if (rung == *chosen) result.verdict = verdict_of(choice);
      }
      return result;
    }
  }

 private:
  static void name_rows(std::vector<PolicyRow>& rows, int count, const std::string& prefix) {
    rows.resize(static_cast<size_t>(count));
    for (size_t i = 0; i < rows.size(); i++) rows[i].id = rows[i].group = prefix + std::to_string(i);
  }

  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

  void draw(std::vector<PolicyRow>& rows) {
    for (PolicyRow& row : rows) {
      const double kind = uniform();
      row.same_answer = kind >= task_.gain + task_.loss;
      row.specialist_right = row.same_answer || kind < task_.gain;
      row.incumbent_right = row.same_answer || kind >= task_.gain;
      row.confidence = row.same_answer ? uniform() : 1;
    }
  }

  Verdict verdict_of(const ThresholdChoice& choice) {
    GateInput input;
    input.policy.hash = "simulated";
    input.policy.tau = *choice.tau;
    input.margin.delta = task_.delta;
    input.margin.reason = "simulated";
    input.seal = {"simulated", task_.delta, "simulated", 1};
    input.train_manifest = TrainManifest{"simulated", {}};
    input.dev_discordant_share = choice.discordant_share;
    input.rows = sealed_;
    const auto proof = prove(input);
    return proof.ok() ? proof->verdict : Verdict::refused;
  }

  SimulatedTask task_;
  std::mt19937_64 random_;
  std::vector<PolicyRow> dev_, sealed_;
};

}  // namespace understudy
