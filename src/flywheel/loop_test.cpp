// From recorded calls to a promoted policy, and every way in which it is refused.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "eval/threshold.h"
#include "flywheel/dataset_files.h"
#include "flywheel/durable_file.h"
#include "flywheel/home_folders.h"
#include "flywheel/promote.h"
#include "flywheel/prove_task.h"
#include "flywheel/specialise.h"
#include "flywheel/specialist_head.h"
#include "flywheel/testing/loop_home.h"
#include "flywheel/tokens.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr size_t kEnough = 1300;  // inputs: dev can show that nothing is lost at 2 points

ProveRequest proving(const LoopHome& loop) {
  ProveRequest request;
  request.home = loop.home();
  request.task = loop.task.key();
  return request;
}

PromoteRequest promoting(const LoopHome& loop) {
  PromoteRequest request;
  request.home = loop.home();
  request.task = loop.task.key();
  return request;
}

SpecialiseReport specialised(LoopHome& loop) {
  auto report = specialise(loop.request(), *loop.store, loop.models);
  EXPECT_TRUE(report.ok()) << report.error().message();
  return report.ok() ? std::move(*report) : SpecialiseReport{};
}

std::string chosen_folder(const LoopHome& loop) {
  const auto folder = chosen_specialist(loop.home(), loop.task.key());
  EXPECT_TRUE(folder.ok()) << folder.error().message();
  return folder.ok() ? loop.home() + '/' + *folder : "";
}

bool has_reason(const Proof& proof, ReasonCode code) {
  return std::any_of(proof.reasons.begin(), proof.reasons.end(),
                     [&](const Reason& reason) { return reason.code == code; });
}

TEST(Loop, ARightSpecialistPassesAndIsPromoted) {
  LoopHome loop;
  loop.record(kEnough, 100, true);
  const SpecialiseReport report = specialised(loop);
  EXPECT_EQ(report.needs.truth, Truth::labels);
  EXPECT_EQ(report.needs.dev_missing, 0);
  EXPECT_GT(report.needs.sealed, 400U);
  EXPECT_EQ(report.needs.labelled,
            report.needs.train + report.needs.dev + report.needs.benchmark + report.needs.sealed);
  ASSERT_TRUE(report.chosen);
  EXPECT_GT(report.rungs[0].benchmark_right.value, 0.98);
  ASSERT_EQ(report.rungs.size(), rung_names().size());
  EXPECT_EQ(report.rungs[1].left_out, "not asked for");

  EXPECT_EQ(promote(promoting(loop)).error().code, ErrorCode::not_found);  // no proof yet
  const auto proven = prove_task(proving(loop), *loop.store, loop.models);
  ASSERT_TRUE(proven.ok()) << proven.error().message();
  EXPECT_EQ(proven->proof.verdict, Verdict::pass) << proven->proof.reasons[0].text;
  EXPECT_GT(proven->proof.counts.gains, 0);  // where the incumbent errs and people said so
  ASSERT_TRUE(proven->proof.figures.latency_before);
  EXPECT_EQ(proven->proof.figures.latency_before->p50_ms, 600);
  EXPECT_TRUE(proven->proof.figures.costs.before);
  EXPECT_TRUE(fs::exists(proven->report_path));

  const auto policy = promote(promoting(loop));
  ASSERT_TRUE(policy.ok()) << policy.error().message();
  EXPECT_EQ(policy->verdict, "pass");
  const auto stored = read_policies(loop.home());
  ASSERT_TRUE(stored.ok() && stored->size() == 1);
  EXPECT_EQ((*stored)[0].policy_hash, proven->proof.policy.hash);
  EXPECT_EQ((*stored)[0].contract.task, loop.task);
  EXPECT_TRUE(fs::exists(loop.home() + "/policies/history.jsonl"));
}

TEST(Loop, ASpecialistThatAnswersNearlyAllEndsTheClimb) {
  LoopHome loop;
  loop.record(kEnough, 100, true);
  SpecialiseRequest request = loop.request();
  request.rungs.clear();
  const auto report = specialise(request, *loop.store, loop.models);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->chosen, 0);
  EXPECT_EQ(report->rungs.at(1).left_out, "a smaller one answers 100 % of dev");
}

TEST(Loop, WhatWasMadeIsKept) {
  LoopHome loop;
  loop.record(kEnough, 0, true);
  const SpecialiseReport first = specialised(loop), again = specialised(loop);
  EXPECT_FALSE(first.rungs[0].kept);
  EXPECT_TRUE(again.rungs[0].kept);
  EXPECT_EQ(first.rungs[0].specialist_hash, again.rungs[0].specialist_hash);
  EXPECT_EQ(first.rungs[0].tau, again.rungs[0].tau);
  // Made anew from the same calls, it is the same, bit for bit.
  fs::remove_all(loop.home() + "/specialists");
  EXPECT_EQ(specialised(loop).rungs[0].specialist_hash, first.rungs[0].specialist_hash);
}

TEST(Loop, WhatWasEmbeddedIsNotEmbeddedAgain) {
  LoopHome loop;
  loop.record(300, 0, true);
  const size_t rows = specialised(loop).needs.train, before = loop.embedder->embedded;
  fs::remove_all(loop.home() + '/' + specialised(loop).rungs[0].folder);
  const size_t kept = loop.embedder->embedded;
  EXPECT_EQ(kept, before);  // the finished specialist is kept, and its rows are known
  specialised(loop);  // made again: only the rows that it is judged by are embedded, where they are timed
  EXPECT_GT(loop.embedder->embedded, kept);
  EXPECT_LT(loop.embedder->embedded - kept, rows);
}

TEST(Loop, WithoutLabelsOnlyAgreementIsKnown) {
  LoopHome loop;
  loop.record(kEnough, 0, false);
  EXPECT_EQ(specialised(loop).needs.truth, Truth::agreement);
  const auto proven = prove_task(proving(loop), *loop.store, loop.models);
  ASSERT_TRUE(proven.ok()) << proven.error().message();
  EXPECT_EQ(proven->proof.verdict, Verdict::agreement);
  const auto refused = promote(promoting(loop));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
  EXPECT_FALSE(fs::exists(loop.home() + "/policies"));
  PromoteRequest accepting = promoting(loop);
  accepting.accept_agreement = true;
  EXPECT_TRUE(promote(accepting).ok());
}

TEST(Loop, ASealIsOpenedOnce) {
  LoopHome loop;
  loop.record(kEnough, 0, true);
  specialised(loop);
  ASSERT_TRUE(prove_task(proving(loop), *loop.store, loop.models).ok());
  const auto again = prove_task(proving(loop), *loop.store, loop.models);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::forbidden);
}

TEST(Loop, FewRowsAreInconclusive) {
  LoopHome loop;
  loop.record(150, 0, true);
  SpecialiseRequest request = loop.request();
  request.margin = {0.2, "a test of few rows"};
  const auto report = specialise(request, *loop.store, loop.models);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_GT(report->needs.sealed_missing, 100);
  ASSERT_TRUE(report->chosen);
  const auto proven = prove_task(proving(loop), *loop.store, loop.models);
  ASSERT_TRUE(proven.ok()) << proven.error().message();
  EXPECT_EQ(proven->proof.verdict, Verdict::inconclusive);
  EXPECT_TRUE(has_reason(proven->proof, ReasonCode::too_few_rows));
  EXPECT_EQ(promote(promoting(loop)).error().code, ErrorCode::forbidden);
}

TEST(Loop, WithoutATauThereIsNothingToProve) {
  LoopHome loop;
  loop.record(150, 0, true);
  const SpecialiseReport report = specialised(loop);  // 2 points: dev is too small
  EXPECT_FALSE(report.chosen);
  EXPECT_GT(report.needs.dev_missing, 0);
  const auto proven = prove_task(proving(loop), *loop.store, loop.models);
  ASSERT_FALSE(proven.ok());
  EXPECT_EQ(proven.error().code, ErrorCode::not_found);
  EXPECT_FALSE(seal_opening(loop.home() + '/' + report.dataset_folder)->has_value());
}

// Answers that the text says nothing of: whoever learns them is unsure everywhere.
TEST(Loop, ASpecialistThatMayAnswerNothingIsNotChosen) {
  LoopHome loop;
  loop.record(kEnough, 0, true, [](size_t number) { return LoopHome::kLabels[mix(number, 7) % 3]; });
  const SpecialiseReport report = specialised(loop);
  ASSERT_TRUE(report.rungs[0].tau) << report.rungs[0].left_out;  // nobody is harmed where nothing is answered
  EXPECT_LT(report.rungs[0].local_share, kMinLocalShare);
  EXPECT_FALSE(report.chosen);
  EXPECT_NE(report_text(report).find("everything stays with the incumbent"), std::string::npos);
  EXPECT_EQ(prove_task(proving(loop), *loop.store, loop.models).error().code, ErrorCode::not_found);
  EXPECT_FALSE(seal_opening(loop.home() + '/' + report.dataset_folder)->has_value());
}

// In place of the chosen specialist: one that was trained on rows with other answers.
void plant_specialist(LoopHome& loop, const SpecialiseReport& report, double tau,
                      const std::function<std::string(const DatasetRow&)>& answer_of) {
  const auto dataset = read_dataset(loop.home() + '/' + report.dataset_folder);
  ASSERT_TRUE(dataset.ok());
  const auto embedder = loop.models.embedder(kLadderEmbedder);
  std::vector<DatasetRow> train, dev;
  for (DatasetRow row : dataset->rows) {
    row.value = row.target = answer_of(row);
    if (row.split == Split::train) train.push_back(row);
    if (row.split == Split::dev) dev.push_back(row);
  }
  const std::vector<Slot>& slots = loop.task.slots;
  const auto of_train = embed_rows(train, slots, **embedder, {}, nullptr);
  const auto of_dev = embed_rows(dev, slots, **embedder, {}, nullptr);
  const std::string folder = chosen_folder(loop);
  auto manifest = read_manifest(folder);
  ASSERT_TRUE(manifest.ok());
  ASSERT_TRUE(make_head_specialist(*manifest, folder, kLadderEmbedder, **embedder, *of_train, *of_dev).ok());
  manifest->tau = tau;
  ASSERT_TRUE(write_manifest(*manifest, folder).ok());
}

TEST(Loop, APolicyThatAnswersNothingIsNotPromoted) {
  for (const bool labelled : {true, false}) {
    LoopHome loop;
    loop.record(kEnough, 0, labelled);
    size_t number = 0;
    plant_specialist(loop, specialised(loop), 0.9,
                     [&](const DatasetRow&) { return LoopHome::kLabels[mix(++number, 7) % 3]; });
    const auto proven = prove_task(proving(loop), *loop.store, loop.models);
    ASSERT_TRUE(proven.ok()) << proven.error().message();
    EXPECT_EQ(proven->proof.figures.local.hits, 0);
    EXPECT_EQ(proven->proof.verdict, Verdict::inconclusive);
    EXPECT_TRUE(has_reason(proven->proof, ReasonCode::nothing_local));
    PromoteRequest request = promoting(loop);
    request.accept_agreement = true;
    const auto policy = promote(request);
    ASSERT_FALSE(policy.ok());
    EXPECT_EQ(policy.error().code, ErrorCode::forbidden);
    EXPECT_FALSE(fs::exists(loop.home() + "/policies"));
  }
}

TEST(Loop, OneClassAllWrongFails) {
  LoopHome loop;
  loop.record(kEnough, 25, true);
  plant_specialist(loop, specialised(loop), 0.5,
                   [](const DatasetRow& row) { return row.value == "loan" ? "fees" : row.value; });
  const auto proven = prove_task(proving(loop), *loop.store, loop.models);
  ASSERT_TRUE(proven.ok()) << proven.error().message();
  EXPECT_EQ(proven->proof.verdict, Verdict::fail);
  EXPECT_TRUE(has_reason(proven->proof, ReasonCode::slice_below_floor));
  EXPECT_EQ(promote(promoting(loop)).error().code, ErrorCode::forbidden);
}

TEST(Loop, ALeakedRowIsRefused) {
  LoopHome loop;
  loop.record(kEnough, 0, true);
  const SpecialiseReport report = specialised(loop);
  std::ifstream sealed(loop.home() + '/' + report.dataset_folder + "/sealed.jsonl");
  std::string line;
  std::getline(sealed, line);
  const auto row = row_from(line);
  ASSERT_TRUE(row);
  auto manifest = read_manifest(chosen_folder(loop));
  ASSERT_TRUE(manifest.ok());
  manifest->groups.push_back(row->group);
  ASSERT_TRUE(write_manifest(*manifest, chosen_folder(loop)).ok());
  const auto proven = prove_task(proving(loop), *loop.store, loop.models);
  ASSERT_TRUE(proven.ok()) << proven.error().message();
  EXPECT_EQ(proven->proof.verdict, Verdict::refused);
  EXPECT_TRUE(has_reason(proven->proof, ReasonCode::leaked_row));
}

TEST(Loop, AChangedMarginIsRefused) {
  LoopHome loop;
  loop.record(kEnough, 0, true);
  const SpecialiseReport report = specialised(loop);
  SpecialiseRequest other = loop.request();
  other.margin.delta = 0.021;
  const auto refused = specialise(other, *loop.store, loop.models);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);

  auto manifest = read_manifest(chosen_folder(loop));
  ASSERT_TRUE(manifest.ok());
  manifest->margin.delta = 0.03;
  ASSERT_TRUE(write_manifest(*manifest, chosen_folder(loop)).ok());
  const auto proven = prove_task(proving(loop), *loop.store, loop.models);
  ASSERT_TRUE(proven.ok()) << proven.error().message();
  EXPECT_EQ(proven->proof.verdict, Verdict::refused);
  EXPECT_TRUE(has_reason(proven->proof, ReasonCode::margin_changed));
}

TEST(Loop, OnlyTheProvenBytesArePromoted) {
  LoopHome loop;
  loop.record(kEnough, 0, true);
  specialised(loop);
  ASSERT_TRUE(prove_task(proving(loop), *loop.store, loop.models).ok());
  const std::string folder = chosen_folder(loop), head = folder + "/head.safetensors";
  const auto bytes = read_file(head);
  ASSERT_TRUE(bytes.ok());
  std::string other = *bytes;
  other.back() = static_cast<char>(other.back() ^ 1);
  ASSERT_TRUE(replace_file(head, other).ok());
  EXPECT_EQ(promote(promoting(loop)).error().code, ErrorCode::corrupt);
  ASSERT_TRUE(replace_file(head, *bytes).ok());
  auto manifest = read_manifest(folder);
  ASSERT_TRUE(manifest.ok());
  manifest->tau = 0.77;
  ASSERT_TRUE(write_manifest(*manifest, folder).ok());
  EXPECT_EQ(promote(promoting(loop)).error().code, ErrorCode::corrupt);
  EXPECT_FALSE(fs::exists(loop.home() + "/policies"));
}

TEST(Loop, LocalAnswersNeverEnterADataset) {
  LoopHome loop;
  std::vector<Call> calls;
  for (size_t i = 0; i < 400; ++i) {
    Call call = chat_call(LoopHome::turns(LoopHome::text(i)), LoopHome::right(i));
    call.id = new_call_id(call.time_ms);
    if (i % 2 == 1) {
      call.origin = Origin::local;
      call.response = chat_response("fees");
    }
    calls.push_back(call);
  }
  loop.record(calls);
  const SpecialiseReport report = specialised(loop);
  EXPECT_EQ(report.needs.calls, 200U);
  std::set<std::string> local;
  for (const Call& call : calls) {
    if (call.origin == Origin::local) local.insert(call.id);
  }
  const std::string folder = loop.home() + '/' + report.dataset_folder;
  for (const char* name : {"/rows.jsonl", "/sealed.jsonl"}) {
    const auto text = read_file(folder + name);
    ASSERT_TRUE(text.ok());
    for (const std::string& id : local) EXPECT_EQ(text->find(id), std::string::npos);
  }
}

struct Refusal {
  const char* what;
  ErrorCode code;
  std::function<void(LoopHome&, SpecialiseRequest&)> spoil;
};

TEST(Loop, WrongInputsAreNamedAndLeaveNothing) {
  const Refusal refusals[] = {
      {"no such task", ErrorCode::not_found,
       [](LoopHome&, SpecialiseRequest& request) { request.task = "ffff"; }},
      {"no calls", ErrorCode::not_found,
       [](LoopHome& loop, SpecialiseRequest&) { EXPECT_TRUE(loop.store->erase(CallFilter{}).ok()); }},
      {"no such rung", ErrorCode::invalid_argument,
       [](LoopHome&, SpecialiseRequest& request) { request.rungs = {"giant"}; }},
      {"a margin without a reason", ErrorCode::invalid_argument,
       [](LoopHome&, SpecialiseRequest& request) { request.margin.delta = 0.1; }},
      {"no minutes", ErrorCode::invalid_argument,
       [](LoopHome&, SpecialiseRequest& request) { request.max_minutes = 0; }},
  };
  for (const Refusal& refusal : refusals) {
    LoopHome loop;
    loop.record(150, 0, true);
    SpecialiseRequest request = loop.request();
    refusal.spoil(loop, request);
    const auto report = specialise(request, *loop.store, loop.models);
    ASSERT_FALSE(report.ok()) << refusal.what;
    EXPECT_EQ(report.error().code, refusal.code) << refusal.what << ": " << report.error().message();
    EXPECT_FALSE(fs::exists(loop.home() + "/datasets")) << refusal.what;
    EXPECT_FALSE(fs::exists(loop.home() + "/specialists")) << refusal.what;
  }
}

TEST(Loop, OneAnswerOrAMissingModelLeavesNothing) {
  LoopHome one;
  std::vector<Call> calls;
  for (size_t i = 0; i < 150; ++i) {
    calls.push_back(chat_call(LoopHome::turns(LoopHome::text(i)), "fees"));
    calls.back().id = new_call_id(calls.back().time_ms);
  }
  one.record(calls);
  EXPECT_EQ(specialise(one.request(), *one.store, one.models).error().code, ErrorCode::invalid_argument);
  EXPECT_FALSE(fs::exists(one.home() + "/datasets"));

  LoopHome loop;
  loop.record(150, 0, true);
  Models none([](const std::string&) -> Result<ModelLocation> {
    return Error{ErrorCode::not_found, "no such model", "", "pull it"};
  });
  const auto report = specialise(loop.request(), *loop.store, none);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::not_found);
  EXPECT_FALSE(fs::exists(loop.home() + "/datasets"));
}

TEST(Loop, StopsWhenItIsToldTo) {
  LoopHome loop;
  loop.record(300, 0, true);
  std::atomic<bool> cancelled = true;
  SpecialiseRequest request = loop.request();
  request.cancelled = &cancelled;
  EXPECT_EQ(specialise(request, *loop.store, loop.models).error().code, ErrorCode::cancelled);
  request.cancelled = nullptr;
  EXPECT_TRUE(specialise(request, *loop.store, loop.models).ok());
}

}  // namespace
}  // namespace understudy
