#include "flywheel/watch.h"

#include <gtest/gtest.h>

#include "flywheel/testing/loop_home.h"

namespace understudy {
namespace {

// `count` local answers with their audits; every `wrong_every`-th local answer is wrong (0: none).
void record_audits(LoopHome& loop, size_t count, size_t wrong_every, bool labelled) {
  std::vector<Call> calls;
  for (size_t i = 0; i < count; ++i) {
    const bool wrong = wrong_every != 0 && i % wrong_every == 0;
    Call local =
        chat_call(LoopHome::turns(LoopHome::text(i)), wrong ? LoopHome::right(i + 1) : LoopHome::right(i));
    local.id = new_call_id(local.time_ms);
    local.origin = Origin::local;
    local.task = loop.task.key();
    Call audit = chat_call(LoopHome::turns(LoopHome::text(i)), LoopHome::right(i));
    audit.id = new_call_id(audit.time_ms);
    audit.tags = {std::string(kAuditTag) + local.id};
    calls.push_back(local);
    calls.push_back(audit);
  }
  ASSERT_TRUE(loop.store->import(calls).ok());
  for (size_t i = 0; labelled && i < count; ++i) {
    Feedback feedback;
    feedback.call_id = calls[2 * i].id;
    feedback.label = LoopHome::right(i);
    ASSERT_TRUE(loop.store->add_feedback(feedback).ok());
  }
}

Contract contract_of(const LoopHome& loop) {
  Contract contract;
  contract.task = loop.task;
  contract.answer_kind = AnswerKind::label;
  return contract;
}

TEST(Watch, SeesAgreementAndHarm) {
  LoopHome loop;
  loop.record(60, 0, false);
  const auto none = watch(*loop.store, contract_of(loop));
  ASSERT_TRUE(none.ok()) << none.error().message();
  EXPECT_EQ(none->audited, 0);
  EXPECT_EQ(none->difference.low, -1);

  record_audits(loop, 300, 10, true);
  const auto report = watch(*loop.store, contract_of(loop));
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->audited, 300);
  EXPECT_EQ(report->agreeing, 270);
  EXPECT_LT(report->agreement.low, 0.9);
  EXPECT_GT(report->agreement.high, 0.9);
  EXPECT_LT(report->agreement.high, 0.97);
  EXPECT_EQ(report->labelled, 300);
  EXPECT_EQ(report->incumbent_right, 300);
  EXPECT_LT(report->difference.high, 0);  // the harm is seen
}

TEST(Watch, WithoutLabelsNothingIsSaidOfTheDifference) {
  LoopHome loop;
  loop.record(60, 0, false);
  record_audits(loop, 50, 0, false);
  const auto report = watch(*loop.store, contract_of(loop));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->agreeing, 50);
  EXPECT_EQ(report->labelled, 0);
  EXPECT_EQ(report->difference.high, 1);
}

}  // namespace
}  // namespace understudy
