// A proof: the verdict on one policy, with every figure that a reader or promote needs. Reports are rendered from it alone
// (report_html.h, report_text.h); to_json is what is stored.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <vector>

#include "eval/figures.h"
#include "eval/margin.h"
#include "eval/selective.h"
#include "eval/slices.h"

namespace understudy {

// Where the grades come from (P2).
enum class Truth {
  labels,       // of people
  adjudicated,  // a person chose, blind, where specialist and incumbent differ
  agreement,    // none: the incumbent's answer stands for the truth, and nothing can pass
};

enum class Verdict {
  pass,          // the lower bound is above -delta, and nothing below speaks against it
  fail,          // the upper bound is below -delta, or a slice is harmed
  inconclusive,  // neither, fewer sealed rows than P4 asks for, or none that was answered locally
  agreement,     // only the share of agreement is known; promoted with --accept-agreement only
  refused,       // the test itself is not valid: its reasons say why
};

// What runs, byte for byte: the hashes come from those who store the parts.
struct PolicyIdentity {
  std::string hash;  // of all of the following
  std::string task, contract_hash;
  std::string rung;  // "linear head", "LoRA on smollm2:135m", ...
  std::string specialist_hash;
  std::string incumbent;
  double tau = 1;
};

// The opening of the sealed part as it was committed before the rows were returned (P6).
struct Seal {
  std::string dataset_hash;
  double delta = 0;        // the margin that was stored when the test was sealed
  std::string opened_for;  // hash of the policy
  int openings = 0;        // so far, this one included
};

enum class ReasonCode {
  opened_seal,
  seal_of_another_policy,
  margin_changed,
  margin_without_reason,
  no_train_manifest,
  leaked_row,
  wrong_format,
  worse_than_margin,
  slice_below_floor,
  nothing_local,
  too_few_rows,
  undecided,
};

struct Reason {
  ReasonCode code;
  std::string text;
  std::vector<std::string> rows;  // ids, where rows are the reason
};

struct DistanceBin {
  double low = 0, high = 0;  // of PolicyRow::distance
  Share specialist, incumbent;
};

struct Proof {
  PolicyIdentity policy;
  Truth truth = Truth::labels;
  Margin margin;
  Seal seal;
  std::string train_manifest_hash;  // empty without one

  Verdict verdict = Verdict::refused;
  std::vector<Reason> reasons;  // empty only for a pass

  PairedCounts counts;           // policy against incumbent on the sealed rows
  double lower = -1, upper = 1;  // Tango, one-sided 95 % each
  double mcnemar_p = 1;          // beside the verdict, never in it
  int64_t rows_needed = 0;       // P4, with the discordant share of dev

  // Shares of right answers; empty where a grade is missing.
  std::optional<Share> policy_right, incumbent_right;
  std::optional<Share> local_right, local_incumbent_right;  // on the rows answered locally
  std::optional<Share> specialist_right;  // standalone: on every row that has its grade; never gated
  Share agreement;                        // same answer, of the rows answered locally
  double agreement_lower = 0;             // exact, one-sided 95 %
  // Policy - incumbent weighted by calls, with a 95 % bootstrap interval: second to the test above (P3).
  double weighted_difference = 0;
  Interval weighted_interval;

  Figures figures;
  SliceReport slices;
  std::vector<RiskCoveragePoint> risk_coverage;  // of the specialist on matched, graded rows
  double area_under_risk_coverage = 0;
  std::vector<CalibrationBin> calibration;
  double calibration_error = 0;
  std::vector<DistanceBin>
      by_distance;  // up to 5 bins of about equal size, of rows that have a distance and both grades
};

std::string_view name_of(Truth truth);
std::string_view name_of(Verdict verdict);
std::string_view name_of(ReasonCode code);

// All finite; what is unknown is null.
boost::json::value to_json(const Proof& proof);

}  // namespace understudy
