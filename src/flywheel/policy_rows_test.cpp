#include "flywheel/policy_rows.h"

#include <gtest/gtest.h>

#include <functional>

#include "eval/gate.h"

namespace understudy {
namespace {

// Says what it is told to say to each slot.
class ScriptedSpecialist : public Specialist {
 public:
  using Script = std::function<Result<SpecialistAnswer>(std::string_view)>;
  explicit ScriptedSpecialist(Script script) : script_(std::move(script)) {}
  const std::string& hash() const override { return name_; }
  const std::string& rung() const override { return name_; }
  Result<SpecialistAnswer> answer(std::span<const std::string_view> slots) override {
    return script_(slots[0]);
  }

 private:
  Script script_;
  std::string name_ = "scripted";
};

SpecialistAnswer saying(const std::string& text) {
  SpecialistAnswer answer;
  answer.value = answer.text = text;
  answer.confidence = 0.9;
  return answer;
}

Contract labels() {
  Contract contract;
  contract.answer_kind = AnswerKind::label;
  return contract;
}

DatasetRow row(size_t number, const std::string& truth, const std::string& incumbent,
               Origin origin = Origin::person) {
  DatasetRow made;
  made.call_id = "call" + std::to_string(number);
  made.group = "group" + std::to_string(number);
  made.slots = {truth};
  made.value = made.target = truth;
  made.incumbent = incumbent;
  made.origin = origin;
  return made;
}

std::vector<DatasetRow> one_row() { return {row(1, "fees", "fees")}; }

PolicyRowOptions with(Truth truth) {
  PolicyRowOptions options;
  options.truth = truth;
  return options;
}

TEST(PolicyRows, GradesBothAgainstWhatPersonsSaid) {
  ScriptedSpecialist right([](std::string_view slot) { return saying(std::string(slot)); });
  const std::vector<DatasetRow> rows = {row(1, "fees", "fees"), row(2, "fees", "loan")};
  const auto graded = policy_rows(right, labels(), rows, with(Truth::labels));
  ASSERT_TRUE(graded.ok()) << graded.error().message();
  EXPECT_TRUE((*graded)[0].same_answer && *(*graded)[0].incumbent_right && *(*graded)[0].specialist_right);
  EXPECT_FALSE((*graded)[1].same_answer);
  EXPECT_FALSE(*(*graded)[1].incumbent_right);
  EXPECT_TRUE(*(*graded)[1].specialist_right);
  EXPECT_EQ((*graded)[1].slices, std::vector<std::string>{"answer=fees"});

  const auto agreeing = policy_rows(right, labels(), rows, with(Truth::agreement));
  EXPECT_TRUE(*(*agreeing)[1].incumbent_right);  // it stands for the truth
  EXPECT_FALSE(*(*agreeing)[1].specialist_right);
}

TEST(PolicyRows, OnlyRowsThatBothSidesAnsweredCount) {
  const std::vector<DatasetRow> rows = {row(1, "fees", "fees"), row(2, "fees", ""), row(3, "loan", "loan"),
                                        row(4, "loan", "loan", Origin::incumbent)};
  EXPECT_EQ(truth_of(rows), Truth::labels);
  EXPECT_EQ(rows_that_count(rows, Truth::labels).size(), 2U);
  EXPECT_EQ(rows_that_count(rows, Truth::agreement).size(), 3U);
  EXPECT_EQ(truth_of({}), Truth::agreement);
}

TEST(PolicyRows, InputsThatItCannotTakeGoUpAndFailuresAreErrors) {
  ScriptedSpecialist long_input([](std::string_view) -> Result<SpecialistAnswer> {
    return Error{ErrorCode::context_overflow, "too long", "", ""};
  });
  const auto graded = policy_rows(long_input, labels(), one_row(), with(Truth::labels));
  ASSERT_TRUE(graded.ok());
  EXPECT_FALSE((*graded)[0].matched);
  ScriptedSpecialist broken([](std::string_view) -> Result<SpecialistAnswer> {
    return Error{ErrorCode::internal, "broken", "", ""};
  });
  EXPECT_FALSE(policy_rows(broken, labels(), one_row(), with(Truth::labels)).ok());
}

TEST(PolicyRows, AnAnswerThatSaysItIsMalformedGoesUp) {
  ScriptedSpecialist specialist([](std::string_view) {
    SpecialistAnswer answer = saying("one\nand two");
    answer.well_formed = false;
    return answer;
  });
  const auto graded = policy_rows(specialist, labels(), one_row(), with(Truth::labels));
  ASSERT_TRUE(graded.ok());
  EXPECT_EQ((*graded)[0].confidence, 0);
}

TEST(PolicyRows, AFormThatIsOnlyClaimedIsRefused) {
  ScriptedSpecialist specialist(
      [](std::string_view slot) { return saying("The answer is:\n" + std::string(slot)); });
  std::vector<DatasetRow> rows;
  for (size_t i = 0; i < 300; ++i) rows.push_back(row(i, "fees", "fees"));
  const auto graded = policy_rows(specialist, labels(), rows, with(Truth::labels));
  ASSERT_TRUE(graded.ok());
  EXPECT_FALSE((*graded)[0].well_formed);
  GateInput input;
  input.policy.hash = "policy";
  input.policy.tau = 0.5;
  input.seal = {"dataset", input.margin.delta, "policy", 1};
  input.train_manifest = TrainManifest{"manifest", {}};
  input.rows = *graded;
  const auto proof = prove(input);
  ASSERT_TRUE(proof.ok());
  EXPECT_EQ(proof->verdict, Verdict::refused);
  EXPECT_EQ(proof->reasons[0].code, ReasonCode::wrong_format);
}

TEST(PolicyRows, SlicesOfObjectsAreMembersWithFewValues) {
  Contract contract;
  contract.answer_kind = AnswerKind::json;
  contract.task.project = "web";
  std::vector<DatasetRow> rows;
  for (size_t i = 0; i < 40; ++i) {
    DatasetRow made =
        row(i, "{\"id\":" + std::to_string(i) + ",\"intent\":\"" + (i % 2 == 0 ? "on" : "off") + "\"}", "{}");
    rows.push_back(made);
  }
  ScriptedSpecialist right([](std::string_view slot) { return saying(std::string(slot)); });
  const auto graded = policy_rows(right, contract, rows, with(Truth::labels));
  ASSERT_TRUE(graded.ok()) << graded.error().message();
  EXPECT_EQ((*graded)[0].slices, (std::vector<std::string>{"project=web", "intent=\"on\""}));
}

}  // namespace
}  // namespace understudy
