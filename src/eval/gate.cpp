#include "eval/gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "eval/proportion.h"

namespace understudy {
namespace {

constexpr size_t kMaxCurvePoints = 200;
constexpr size_t kMaxDistanceBins = 5, kMinDistanceBinRows = 10;
constexpr int kResamples = 1000;
constexpr uint64_t kBootstrapSeed = 1;

double points(double share) { return 100 * share; }

// The first ids and how many more, for a sentence.
std::string listed(const std::vector<std::string>& ids) {
  constexpr size_t kShown = 5;
  std::string text;
  for (size_t i = 0; i < std::min(ids.size(), kShown); i++)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", ids[i]);
  return ids.size() > kShown ? fmt::format("{} and {} more", text, ids.size() - kShown) : text;
}

void check_seal(const GateInput& input, std::vector<Reason>& refusals) {
  const Seal& seal = input.seal;
  if (seal.openings != 1) {
    refusals.push_back(
        {ReasonCode::opened_seal,
         fmt::format("the sealed part was opened {} times; one policy opens it once", seal.openings),
         {}});
  }
  if (seal.opened_for != input.policy.hash) {
    refusals.push_back({ReasonCode::seal_of_another_policy,
                        "the sealed part was opened for policy '" + seal.opened_for + "', not for this one",
                        {}});
  }
  if (seal.delta != input.margin.delta) {
    refusals.push_back({ReasonCode::margin_changed,
                        fmt::format("the margin is {:.2f} points, sealed with {:.2f}",
                                    points(input.margin.delta), points(seal.delta)),
                        {}});
  }
  if (const Status margin = check_margin(input.margin); !margin.ok()) {
    refusals.push_back({ReasonCode::margin_without_reason, margin.error().message(), {}});
  }
}

void check_rows_are_unseen(const GateInput& input, std::vector<Reason>& refusals) {
  if (!input.train_manifest) {
    refusals.push_back(
        {ReasonCode::no_train_manifest, "nothing says what the specialist was trained on", {}});
    return;
  }
  std::vector<std::string> leaked = leaked_rows(*input.train_manifest, input.rows);
  if (leaked.empty()) return;
  refusals.push_back({ReasonCode::leaked_row,
                      fmt::format("{} sealed rows have near duplicates in the training data: {}",
                                  leaked.size(), listed(leaked)),
                      std::move(leaked)});
}

void check_form(const GateInput& input, std::vector<Reason>& refusals) {
  std::vector<std::string> broken;
  for (const PolicyRow& row : input.rows) {
    if (answers_locally(row, input.policy.tau) && !row.well_formed) broken.push_back(row.id);
  }
  if (broken.empty()) return;
  refusals.push_back(
      {ReasonCode::wrong_format,
       fmt::format("{} local answers break the contract's form: {}", broken.size(), listed(broken)),
       std::move(broken)});
}

// Share of right answers over the rows that `use` picks; empty if one of them is not graded, or there is none.
template <typename Use>
std::optional<Share> right_share(std::span<const PolicyRow> rows, std::optional<bool> PolicyRow::* grade,
                                 Use&& use) {
  int64_t hits = 0, n = 0;
  for (const PolicyRow& row : rows) {
    if (!use(row)) continue;
    if (!(row.*grade)) return std::nullopt;
    n++;
    hits += *(row.*grade) ? 1 : 0;
  }
  return n > 0 ? std::optional(share(hits, n)) : std::nullopt;
}

void measure_accuracy(const GateInput& input, Proof& proof) {
  const double tau = input.policy.tau;
  const auto local = [&](const PolicyRow& row) { return answers_locally(row, tau); };
  const auto every = [](const PolicyRow&) { return true; };
  proof.incumbent_right = right_share(input.rows, &PolicyRow::incumbent_right, every);
  proof.local_right = right_share(input.rows, &PolicyRow::specialist_right, local);
  proof.local_incumbent_right = right_share(input.rows, &PolicyRow::incumbent_right, local);
  proof.specialist_right = right_share(input.rows, &PolicyRow::specialist_right,
                                       [](const PolicyRow& row) { return row.specialist_right.has_value(); });
  if (proof.incumbent_right) {
    const PairedCounts& counts = proof.counts;
    proof.policy_right = share(proof.incumbent_right->hits + counts.gains - counts.losses, counts.n);
  }

  int64_t same = 0, answered = 0;
  std::vector<double> differences, weights;
  double sum = 0, weight = 0;
  for (const PolicyRow& row : input.rows) {
    answered += local(row) ? 1 : 0;
    same += local(row) && row.same_answer ? 1 : 0;
    const RowOutcome found = outcome(row, tau);
    differences.push_back(found.gain ? 1 : found.loss ? -1 : 0);
    weights.push_back(row.calls);
    sum += differences.back() * row.calls;
    weight += row.calls;
  }
  proof.agreement = share(same, answered);
  proof.agreement_lower = clopper_pearson(same, answered, 2 * kGateLevel - 1).low;
  proof.weighted_difference = weight > 0 ? sum / weight : 0;
  proof.weighted_interval = paired_bootstrap(differences, weights, 0.95, kResamples, kBootstrapSeed);
}

void measure_confidence(std::span<const PolicyRow> rows, Proof& proof) {
  std::vector<ScoredAnswer> answers;
  for (const PolicyRow& row : rows) {
    if (row.matched && row.specialist_right) answers.push_back({row.confidence, *row.specialist_right});
  }
  const std::vector<RiskCoveragePoint> curve = risk_coverage(answers);
  const size_t step = curve.size() / kMaxCurvePoints + 1;
  for (size_t i = 0; i < curve.size(); i++) {
    if (i % step == 0 || i + 1 == curve.size()) proof.risk_coverage.push_back(curve[i]);
  }
  proof.area_under_risk_coverage = area_under_risk_coverage(answers);
  proof.calibration = calibration_bins(answers);
  proof.calibration_error = expected_calibration_error(proof.calibration);
}

std::vector<DistanceBin> distance_bins(std::span<const PolicyRow> rows) {
  std::vector<const PolicyRow*> sorted;
  for (const PolicyRow& row : rows) {
    if (row.distance && row.specialist_right && row.incumbent_right) sorted.push_back(&row);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const PolicyRow* a, const PolicyRow* b) { return *a->distance < *b->distance; });
  const size_t bins = std::clamp<size_t>(sorted.size() / kMinDistanceBinRows, 1, kMaxDistanceBins);
  std::vector<DistanceBin> result;
  for (size_t bin = 0, begin = 0; bin < bins; bin++) {
    size_t end = std::max(begin, sorted.size() * (bin + 1) / bins);
    while (end > begin && end < sorted.size() && *sorted[end]->distance == *sorted[end - 1]->distance) end++;
    if (end == begin) continue;
    int64_t specialist = 0, incumbent = 0;
    for (size_t i = begin; i < end; i++) {
      specialist += *sorted[i]->specialist_right ? 1 : 0;
      incumbent += *sorted[i]->incumbent_right ? 1 : 0;
    }
    const auto n = static_cast<int64_t>(end - begin);
    result.push_back(
        {*sorted[begin]->distance, *sorted[end - 1]->distance, share(specialist, n), share(incumbent, n)});
    begin = end;
  }
  return result;
}

// P5, P8, P4 in the order in which a reader wants to hear of them.
void decide(Proof& proof) {
  const double delta = proof.margin.delta;
  std::vector<Reason> failures, doubts;
  if (proof.upper < -delta) {
    failures.push_back(
        {ReasonCode::worse_than_margin,
         fmt::format("policy - incumbent is at most {:+.2f} points (95 %), the margin is {:.2f}",
                     points(proof.upper), points(delta)),
         {}});
  }
  for (const SliceResult& slice : proof.slices.tested) {
    if (!slice.harmed) continue;
    failures.push_back(
        {ReasonCode::slice_below_floor,
         fmt::format("{}: {} of {} right, incumbent {} of {}; floor {:.0f} %, Holm-adjusted p = {:.2g}",
                     slice.name, slice.policy.hits, slice.n, slice.incumbent.hits, slice.n,
                     points(slice.floor), slice.adjusted_p),
         {}});
  }
  // Such a policy equals the incumbent, so that the bound below holds and says nothing of the specialist.
  if (proof.figures.local.hits == 0) {
    doubts.push_back({ReasonCode::nothing_local,
                      fmt::format("the specialist answered none of the {} sealed rows at tau {:g}",
                                  proof.counts.n, proof.policy.tau),
                      {}});
  }
  if (proof.counts.n < proof.rows_needed) {
    doubts.push_back({ReasonCode::too_few_rows,
                      fmt::format("{} sealed rows, {} needed: {} more", proof.counts.n, proof.rows_needed,
                                  proof.rows_needed - proof.counts.n),
                      {}});
  }
  if (proof.lower <= -delta) {
    doubts.push_back(
        {ReasonCode::undecided,
         fmt::format("policy - incumbent lies between {:+.2f} and {:+.2f} points, the margin is {:.2f}",
                     points(proof.lower), points(proof.upper), points(delta)),
         {}});
  }
  if (!failures.empty()) {
    proof.verdict = Verdict::fail;
    proof.reasons = std::move(failures);
  } else {
    proof.verdict = doubts.empty() ? Verdict::pass : Verdict::inconclusive;
    proof.reasons = std::move(doubts);
  }
}

}  // namespace

Result<Proof> prove(const GateInput& input) {
  if (!margin_in_range(input.margin.delta)) return check_margin(input.margin).error();
  if (!(input.policy.tau >= 0 && input.policy.tau <= 1)) {
    return Error{ErrorCode::invalid_argument, fmt::format("tau {} is not in [0, 1]", input.policy.tau), "tau",
                 ""};
  }
  if (!(input.dev_discordant_share >= 0 && input.dev_discordant_share <= 1)) {
    return Error{ErrorCode::invalid_argument, "the discordant share of dev is not in [0, 1]", "", ""};
  }
  RETURN_IF_ERROR(check_rows(input.rows, "sealed"));

  Proof proof;
  proof.policy = input.policy;
  proof.truth = input.truth;
  proof.margin = input.margin;
  proof.seal = input.seal;
  if (input.train_manifest) proof.train_manifest_hash = input.train_manifest->hash;
  proof.counts = count_policy(input.rows, input.policy.tau);
  proof.lower = tango_lower(proof.counts, kGateLevel);
  proof.upper = tango_upper(proof.counts, kGateLevel);
  proof.mcnemar_p = mcnemar_exact(proof.counts);
  proof.rows_needed = sealed_rows_needed(input.dev_discordant_share, input.margin.delta);
  measure_accuracy(input, proof);
  ASSIGN_OR_RETURN(proof.figures, compute_figures(input.rows, input.policy.tau, input.traffic));
  proof.slices = test_slices(input.rows, input.policy.tau);
  measure_confidence(input.rows, proof);
  proof.by_distance = distance_bins(input.rows);

  check_seal(input, proof.reasons);
  check_rows_are_unseen(input, proof.reasons);
  check_form(input, proof.reasons);
  if (!proof.reasons.empty()) {
    proof.verdict = Verdict::refused;
  } else if (input.truth == Truth::agreement && proof.figures.local.hits > 0) {
    proof.verdict = Verdict::agreement;
    proof.reasons.push_back(
        {ReasonCode::undecided,
         fmt::format("no labels: of {} local answers {} agree with the incumbent, at least {:.1f} % (95 %)",
                     proof.agreement.n, proof.agreement.hits, points(proof.agreement_lower)),
         {}});
  } else {
    decide(proof);
  }
  return proof;
}

}  // namespace understudy
