#include "eval/gate.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <functional>

#include "base/json.h"
#include "eval/report_html.h"
#include "eval/report_text.h"
#include "eval/testing/policy_rows.h"

namespace understudy {
namespace {

GateInput input_of(std::vector<PolicyRow> rows) {
  GateInput input;
  input.policy = {"policy-1", "intents", "contract-1", "linear head", "head-1", "frontier", 0.5};
  input.seal = {"dataset-1", input.margin.delta, "policy-1", 1};
  input.train_manifest = TrainManifest{"manifest-1", {"group of someone else"}};
  input.rows = std::move(rows);
  return input;
}

Proof proof_of(const GateInput& input) {
  auto proof = prove(input);
  EXPECT_TRUE(proof.ok()) << (proof.ok() ? "" : proof.error().message());
  return proof.ok() ? *proof : Proof{};
}

bool has(const Proof& proof, ReasonCode code) {
  for (const Reason& reason : proof.reasons) {
    if (reason.code == code) return true;
  }
  return false;
}

// 95 % right on both sides.
std::vector<PolicyRow> identical(int n) {
  std::vector<PolicyRow> rows = graded_rows("right", n - n / 20, true, true);
  append(rows, graded_rows("wrong", n / 20, false, false));
  return rows;
}

TEST(Gate, AnIdenticalModelWithEnoughRowsPasses) {
  const Proof proof = proof_of(input_of(identical(200)));
  EXPECT_EQ(proof.verdict, Verdict::pass);
  EXPECT_TRUE(proof.reasons.empty());
  EXPECT_GT(proof.lower, -0.02);
  EXPECT_EQ(proof.policy_right->value, 0.95);
  EXPECT_EQ(proof.incumbent_right->value, 0.95);
  EXPECT_EQ(proof.agreement.hits, 200);
}

TEST(Gate, ThirtyRowsAreInconclusive) {
  const Proof proof = proof_of(input_of(identical(30)));
  EXPECT_EQ(proof.verdict, Verdict::inconclusive);
  EXPECT_TRUE(has(proof, ReasonCode::too_few_rows));
  EXPECT_TRUE(has(proof, ReasonCode::undecided));
}

TEST(Gate, FewRowsDoNotPassHoweverGood) {
  std::vector<PolicyRow> rows = identical(150);
  append(rows, graded_rows("gain", 20, true, false));
  const Proof proof = proof_of(input_of(rows));
  EXPECT_GT(proof.lower, -0.02);
  EXPECT_EQ(proof.verdict, Verdict::inconclusive);
  EXPECT_TRUE(has(proof, ReasonCode::too_few_rows));
}

TEST(Gate, APolicyWithoutLocalAnswersIsInconclusive) {
  GateInput input = input_of(identical(400));
  ASSERT_EQ(proof_of(input).verdict, Verdict::pass);
  input.policy.tau = 0.95;  // above every confidence
  for (const Truth truth : {Truth::labels, Truth::adjudicated, Truth::agreement}) {
    input.truth = truth;
    const Proof proof = proof_of(input);
    EXPECT_GT(proof.lower, -0.02);
    EXPECT_EQ(proof.verdict, Verdict::inconclusive) << name_of(truth);
    ASSERT_EQ(proof.reasons.size(), 1u) << name_of(truth);
    EXPECT_EQ(proof.reasons[0].code, ReasonCode::nothing_local) << name_of(truth);
    EXPECT_NE(report_text(proof).find("answered nothing locally"), std::string::npos);
  }
  // One answer is little; what it did is known.
  input.truth = Truth::labels;
  input.rows[0].confidence = 1;
  EXPECT_EQ(proof_of(input).verdict, Verdict::pass);
}

TEST(Gate, DevsDiscordanceRaisesTheRowsNeeded) {
  GateInput input = input_of(identical(400));
  input.dev_discordant_share = 0.04;
  const Proof proof = proof_of(input);
  EXPECT_EQ(proof.rows_needed, 620);
  EXPECT_EQ(proof.verdict, Verdict::inconclusive);
}

TEST(Gate, ClearHarmFails) {
  std::vector<PolicyRow> rows = identical(400);
  append(rows, graded_rows("loss", 40, false, true));
  const Proof proof = proof_of(input_of(rows));
  EXPECT_EQ(proof.verdict, Verdict::fail);
  EXPECT_TRUE(has(proof, ReasonCode::worse_than_margin));
  // The same rows below tau go up and do no harm.
  for (PolicyRow& row : rows) row.confidence = row.same_answer ? 0.97 : 0.9;
  GateInput cautious = input_of(rows);
  cautious.policy.tau = 0.95;
  EXPECT_EQ(proof_of(cautious).verdict, Verdict::pass);
}

TEST(Gate, HarmToOneClassFailsWhatTheAveragePasses) {
  std::vector<PolicyRow> rows = identical(1500);
  for (PolicyRow& row : rows) row.slices = {"intent=other"};
  std::vector<PolicyRow> bad = graded_rows("bad", 10, false, true);
  for (PolicyRow& row : bad) row.slices = {"intent=lost_card"};
  append(rows, bad);
  const Proof proof = proof_of(input_of(rows));
  EXPECT_GT(proof.lower, -0.02);
  EXPECT_EQ(proof.verdict, Verdict::fail);
  ASSERT_EQ(proof.reasons.size(), 1u);
  EXPECT_EQ(proof.reasons[0].code, ReasonCode::slice_below_floor);
  EXPECT_NE(proof.reasons[0].text.find("intent=lost_card"), std::string::npos);
}

struct Refusal {
  const char* name;
  std::function<void(GateInput&)> spoil;
  ReasonCode code;
};

TEST(Gate, RefusesTestsThatProveNothing) {
  const std::vector<Refusal> refusals = {
      {"opened before", [](GateInput& input) { input.seal.openings = 2; }, ReasonCode::opened_seal},
      {"never opened", [](GateInput& input) { input.seal.openings = 0; }, ReasonCode::opened_seal},
      {"another policy", [](GateInput& input) { input.seal.opened_for = "policy-0"; },
       ReasonCode::seal_of_another_policy},
      {"margin", [](GateInput& input) { input.margin.delta = 0.025; }, ReasonCode::margin_changed},
      {"reason", [](GateInput& input) { input.margin.delta = input.seal.delta = 0.05; },
       ReasonCode::margin_without_reason},
      {"manifest", [](GateInput& input) { input.train_manifest = std::nullopt; },
       ReasonCode::no_train_manifest},
      {"leak", [](GateInput& input) { input.train_manifest->groups.push_back(input.rows[7].group); },
       ReasonCode::leaked_row},
      {"form", [](GateInput& input) { input.rows[7].well_formed = false; }, ReasonCode::wrong_format},
  };
  for (const Refusal& refusal : refusals) {
    GateInput input = input_of(identical(400));
    ASSERT_EQ(proof_of(input).verdict, Verdict::pass);
    refusal.spoil(input);
    const Proof proof = proof_of(input);
    EXPECT_EQ(proof.verdict, Verdict::refused) << refusal.name;
    ASSERT_EQ(proof.reasons.size(), 1u) << refusal.name;
    EXPECT_EQ(proof.reasons[0].code, refusal.code) << refusal.name;
    if (refusal.code == ReasonCode::leaked_row || refusal.code == ReasonCode::wrong_format) {
      EXPECT_EQ(proof.reasons[0].rows, std::vector<std::string>{"right7"});
    }
  }
}

TEST(Gate, BrokenFormThatGoesUpIsFine) {
  GateInput input = input_of(identical(400));
  input.rows[0].well_formed = false;
  input.rows[0].matched = false;
  EXPECT_EQ(proof_of(input).verdict, Verdict::pass);
}

TEST(Gate, AgreementNeverPasses) {
  GateInput input = input_of(identical(2000));
  input.truth = Truth::agreement;
  const Proof proof = proof_of(input);
  EXPECT_EQ(proof.verdict, Verdict::agreement);
  EXPECT_NEAR(proof.agreement_lower, std::pow(0.05, 1.0 / 2000), 1e-9);  // 2,000 of 2,000
  input.seal.openings = 2;
  EXPECT_EQ(proof_of(input).verdict, Verdict::refused);
}

TEST(Gate, AdjudicatedRowsNeedGradesOnlyWhereAnswersDiffer) {
  GateInput input = input_of(identical(400));
  for (PolicyRow& row : input.rows) row.specialist_right = row.incumbent_right = std::nullopt;
  append(input.rows, graded_rows("loss", 2, false, true));
  input.truth = Truth::adjudicated;
  const Proof proof = proof_of(input);
  EXPECT_EQ(proof.verdict, Verdict::pass);
  EXPECT_EQ(proof.counts.losses, 2);
  EXPECT_FALSE(proof.policy_right.has_value());  // the share of right answers is not known
  EXPECT_EQ(proof.specialist_right->n, 2);
}

TEST(Gate, BrokenInputIsAnError) {
  const auto refused = [](const std::function<void(GateInput&)>& spoil) {
    GateInput input = input_of(identical(40));
    spoil(input);
    return !prove(input).ok();
  };
  EXPECT_TRUE(refused([](GateInput& input) { input.policy.tau = 1.1; }));
  EXPECT_TRUE(refused([](GateInput& input) { input.margin.delta = 0; }));
  EXPECT_TRUE(refused([](GateInput& input) { input.dev_discordant_share = -1; }));
  EXPECT_TRUE(refused([](GateInput& input) { input.rows[1].id = input.rows[0].id; }));
  EXPECT_TRUE(refused([](GateInput& input) { input.traffic.audit_share = 2; }));
}

TEST(Gate, NoRowsAreInconclusive) { EXPECT_EQ(proof_of(input_of({})).verdict, Verdict::inconclusive); }

GateInput rich_input() {
  std::vector<PolicyRow> rows = identical(400);
  append(rows, graded_rows("<script>alert(1)</script>", 3, false, true, 0.6));
  for (size_t i = 0; i < rows.size(); i++) {
    rows[i].confidence = 0.5 + 0.4 * static_cast<double>(i % 17) / 17;
    rows[i].distance = static_cast<double>(i % 23) / 23;
    rows[i].slices = {i % 3 == 0 ? "a & \"b\"" : "<i>c</i>", i < 4 ? "rare" : "common"};
    rows[i].incumbent_ms = 600, rows[i].specialist_ms = 20;
    rows[i].incumbent_cost = 0.01;
  }
  return input_of(rows);
}

TEST(Gate, DistanceBinsHoldEveryRowOnce) {
  const Proof proof = proof_of(rich_input());
  ASSERT_EQ(proof.by_distance.size(), 5u);
  int64_t rows = 0;
  for (size_t i = 0; i < proof.by_distance.size(); i++) {
    rows += proof.by_distance[i].specialist.n;
    EXPECT_LE(proof.by_distance[i].low, proof.by_distance[i].high);
    if (i > 0) {
      EXPECT_LT(proof.by_distance[i - 1].high, proof.by_distance[i].low);
    }
  }
  EXPECT_EQ(rows, 403);
}

TEST(Proof, JsonIsFiniteAndKeepsUnknownNull) {
  const std::string text = boost::json::serialize(to_json(proof_of(rich_input())));
  auto value = parse_json(text);
  ASSERT_TRUE(value.ok()) << value.error().message();
  EXPECT_EQ(value->at("verdict").as_string(), "pass");
  EXPECT_EQ(value->at("difference").at("counts").at("losses").as_int64(), 3);
  EXPECT_NEAR(value->at("figures").at("cost_per_call").at("before").as_double(), 0.01, 1e-12);
  EXPECT_TRUE(value->at("figures").at("cost_per_call").at("after").is_null());
  EXPECT_TRUE(value->at("figures").at("break_even_calls").is_null());
  EXPECT_EQ(value->at("slices").at("not_tested_alone").as_array().size(), 1u);
  EXPECT_GT(value->at("confidence").at("risk_coverage").as_array().size(), 10u);
}

TEST(Report, HtmlIsSelfContainedAndEscaped) {
  const std::string page = report_html(proof_of(rich_input()));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<i>"), std::string::npos);
  EXPECT_EQ(page.find("http"), std::string::npos);
  EXPECT_EQ(page.find("nan"), std::string::npos);
  EXPECT_NE(page.find("a &amp; &quot;b&quot;"), std::string::npos);
  size_t plots = 0;
  for (size_t at = page.find("<svg"); at != std::string::npos; at = page.find("<svg", at + 1)) plots++;
  EXPECT_EQ(plots, 3u);
  EXPECT_NE(page.find("PASS"), std::string::npos);
}

TEST(Report, EveryVerdictRenders) {
  GateInput refused = rich_input();
  refused.train_manifest->groups.push_back(refused.rows.back().group);
  GateInput agreement = rich_input();
  agreement.truth = Truth::agreement;
  for (const GateInput& input :
       {refused, agreement, input_of({}), input_of(graded_rows("bad", 300, false, true))}) {
    const Proof proof = proof_of(input);
    const std::string text = report_text(proof), page = report_html(proof);
    ASSERT_FALSE(proof.reasons.empty());
    EXPECT_NE(text.find(name_of(proof.reasons[0].code)), std::string::npos);
    EXPECT_NE(page.find(name_of(proof.reasons[0].code)), std::string::npos);
    EXPECT_EQ(text.find("nan"), std::string::npos);
    EXPECT_EQ(page.find("<script"), std::string::npos);
  }
}

}  // namespace
}  // namespace understudy
