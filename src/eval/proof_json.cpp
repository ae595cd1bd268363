#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string_view>

#include "eval/proof.h"

namespace understudy {
namespace {

namespace json = boost::json;

json::value pair(const Interval& interval) { return json::array{interval.low, interval.high}; }

json::value value_of(const Share& share) {
  return json::object{
      {"value", share.value}, {"hits", share.hits}, {"n", share.n}, {"interval_95", pair(share.interval)}};
}

json::value value_of(const Latency& latency) {
  return json::object{{"n", latency.n}, {"p50_ms", latency.p50_ms}, {"p95_ms", latency.p95_ms}};
}

json::value value_of(double number) { return number; }
json::value value_of(int64_t number) { return number; }

template <typename T>
json::value nullable(const std::optional<T>& value) {
  return value ? value_of(*value) : json::value(nullptr);
}

json::value value_of(const PairedCounts& counts) {
  return json::object{{"n", counts.n}, {"gains", counts.gains}, {"losses", counts.losses}};
}

json::object policy_object(const PolicyIdentity& policy) {
  return {{"hash", policy.hash},
          {"task", policy.task},
          {"contract_hash", policy.contract_hash},
          {"rung", policy.rung},
          {"specialist_hash", policy.specialist_hash},
          {"incumbent", policy.incumbent},
          {"tau", policy.tau}};
}

json::array reasons_array(const std::vector<Reason>& reasons) {
  json::array array;
  for (const Reason& reason : reasons) {
    json::object object{{"code", name_of(reason.code)}, {"text", reason.text}};
    if (!reason.rows.empty()) object["rows"] = json::array(reason.rows.begin(), reason.rows.end());
    array.push_back(std::move(object));
  }
  return array;
}

json::object quality_object(const Proof& proof) {
  return {{"policy", nullable(proof.policy_right)},
          {"incumbent", nullable(proof.incumbent_right)},
          {"local", nullable(proof.local_right)},
          {"local_incumbent", nullable(proof.local_incumbent_right)},
          {"specialist_alone", nullable(proof.specialist_right)},
          {"agreement", value_of(proof.agreement)},
          {"agreement_lower_95", proof.agreement_lower},
          {"weighted_difference", proof.weighted_difference},
          {"weighted_interval_95", pair(proof.weighted_interval)}};
}

json::object figures_object(const Figures& figures) {
  const Costs& costs = figures.costs;
  return {{"local", value_of(figures.local)},
          {"wasted", value_of(figures.wasted)},
          {"local_weighted", figures.local_weighted},
          {"local_weighted_interval_95", pair(figures.local_weighted_interval)},
          {"local_of_all_calls", nullable(figures.local_of_all_calls)},
          {"cost_per_call",
           {{"currency", costs.currency},
            {"before", nullable(costs.before)},
            {"after", nullable(costs.after)},
            {"local", nullable(costs.local)},
            {"wasted", nullable(costs.wasted)},
            {"escalated", nullable(costs.escalated)},
            {"audit", nullable(costs.audit)}}},
          {"training_cost", nullable(costs.training)},
          {"break_even_calls", nullable(costs.break_even_calls)},
          {"latency",
           {{"before", nullable(figures.latency_before)},
            {"after", nullable(figures.latency_after)},
            {"local", nullable(figures.latency_local)}}}};
}

json::object slices_object(const SliceReport& report) {
  json::array tested;
  for (const SliceResult& slice : report.tested) {
    tested.push_back({{"name", slice.name},
                      {"n", slice.n},
                      {"local", slice.local},
                      {"policy", value_of(slice.policy)},
                      {"incumbent", value_of(slice.incumbent)},
                      {"gains", slice.counts.gains},
                      {"losses", slice.counts.losses},
                      {"floor", slice.floor},
                      {"p", slice.p},
                      {"adjusted_p", slice.adjusted_p},
                      {"harmed", slice.harmed},
                      {"smallest_visible_harm", nullable(slice.smallest_visible_harm)}});
  }
  return {{"tested", std::move(tested)},
          {"not_tested_alone", json::array(report.not_tested_alone.begin(), report.not_tested_alone.end())}};
}

json::object confidence_object(const Proof& proof) {
  json::array curve, bins;
  for (const RiskCoveragePoint& point : proof.risk_coverage) {
    curve.push_back({{"threshold", point.threshold}, {"coverage", point.coverage}, {"risk", point.risk}});
  }
  for (const CalibrationBin& bin : proof.calibration) {
    bins.push_back({{"low", bin.low},
                    {"high", bin.high},
                    {"n", bin.n},
                    {"confidence", bin.confidence},
                    {"accuracy", bin.accuracy}});
  }
  return {{"risk_coverage", std::move(curve)},
          {"area_under_risk_coverage", proof.area_under_risk_coverage},
          {"calibration", std::move(bins)},
          {"calibration_error", proof.calibration_error}};
}

json::array distance_array(const std::vector<DistanceBin>& bins) {
  json::array array;
  for (const DistanceBin& bin : bins) {
    array.push_back({{"low", bin.low},
                     {"high", bin.high},
                     {"specialist", value_of(bin.specialist)},
                     {"incumbent", value_of(bin.incumbent)}});
  }
  return array;
}

}  // namespace

std::string_view name_of(Truth truth) {
  switch (truth) {
    case Truth::labels:
      return "labels";
    case Truth::adjudicated:
      return "adjudicated";
    case Truth::agreement:
      return "agreement";
  }
  return "";
}

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::fail:
      return "fail";
    case Verdict::inconclusive:
      return "inconclusive";
    case Verdict::agreement:
      return "agreement";
    case Verdict::refused:
      return "refused";
  }
  return "";
}

std::string_view name_of(ReasonCode code) {
  switch (code) {
    case ReasonCode::opened_seal:
      return "opened_seal";
    case ReasonCode::seal_of_another_policy:
      return "seal_of_another_policy";
    case ReasonCode::margin_changed:
      return "margin_changed";
    case ReasonCode::margin_without_reason:
      return "margin_without_reason";
    case ReasonCode::no_train_manifest:
      return "no_train_manifest";
    case ReasonCode::leaked_row:
      return "leaked_row";
    case ReasonCode::wrong_format:
      return "wrong_format";
    case ReasonCode::worse_than_margin:
      return "worse_than_margin";
    case ReasonCode::slice_below_floor:
      return "slice_below_floor";
    case ReasonCode::nothing_local:
      return "nothing_local";
    case ReasonCode::too_few_rows:
      return "too_few_rows";
    case ReasonCode::undecided:
      return "undecided";
  }
  return "";
}

json::value to_json(const Proof& proof) {
  return json::object{
      {"format", "understudy proof 1"},
      {"policy", policy_object(proof.policy)},
      {"truth", name_of(proof.truth)},
      {"margin", {{"delta", proof.margin.delta}, {"reason", proof.margin.reason}}},
      {"seal",
       {{"dataset_hash", proof.seal.dataset_hash},
        {"delta", proof.seal.delta},
        {"opened_for", proof.seal.opened_for},
        {"openings", proof.seal.openings}}},
      {"train_manifest_hash",
       proof.train_manifest_hash.empty() ? json::value(nullptr) : json::value(proof.train_manifest_hash)},
      {"verdict", name_of(proof.verdict)},
      {"reasons", reasons_array(proof.reasons)},
      {"difference",
       {{"value", proof.counts.difference()},
        {"lower_95", proof.lower},
        {"upper_95", proof.upper},
        {"counts", value_of(proof.counts)},
        {"mcnemar_p", proof.mcnemar_p},
        {"rows_needed", proof.rows_needed}}},
      {"right", quality_object(proof)},
      {"figures", figures_object(proof.figures)},
      {"slices", slices_object(proof.slices)},
      {"confidence", confidence_object(proof)},
      {"by_distance", distance_array(proof.by_distance)}};
}

}  // namespace understudy
