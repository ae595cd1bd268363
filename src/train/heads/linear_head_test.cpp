#include "train/heads/linear_head.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "train/heads/linear_head_file.h"
#include "train/heads/testing/clusters.h"

namespace understudy {
namespace {

std::vector<std::string> label_names(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; i++) names.push_back("label " + std::to_string(i));
  return names;
}

struct Sample {
  Clusters train = make_clusters(6, 20, 32, 1.6, 1, 2);
  Clusters dev = make_clusters(6, 40, 32, 1.6, 1, 3);
  Clusters test = make_clusters(6, 100, 32, 1.6, 1, 4);
  LinearHeadData data() const { return {"embedder", label_names(6), train.rows(), dev.rows()}; }
};

TEST(LinearHead, ClassifiesAndKnowsHowSureToBe) {
  const Sample sample;
  ThreadPool pool(2);
  auto fit = fit_linear_head(sample.data(), 0.99, pool);
  ASSERT_TRUE(fit.ok()) << fit.error().message();
  double right = 0, confidence = 0, kept = 0;
  const size_t rows = sample.test.rows().rows();
  for (size_t i = 0; i < rows; i++) {
    auto answer = fit->head.answer(sample.test.rows().row(i));
    ASSERT_TRUE(answer.ok());
    right += answer->label == sample.test.labels[i] ? 1 : 0;
    confidence += answer->confidence;
    kept += answer->in_domain ? 1 : 0;
  }
  const auto n = static_cast<double>(rows);
  EXPECT_GT(right / n, 0.85);
  EXPECT_NEAR(confidence / n, right / n, 0.06);
  EXPECT_GT(kept / n, 0.95);
}

TEST(LinearHead, ChoosesTheTrialThatDevLikesBest) {
  const Sample sample;
  ThreadPool pool(1);
  auto fit = fit_linear_head(sample.data(), 0.99, pool);
  ASSERT_TRUE(fit.ok());
  ASSERT_GT(fit->trials.size(), 2u);
  for (const HeadTrial& trial : fit->trials) {
    EXPECT_TRUE(trial.converged);
    EXPECT_GE(trial.dev_loss, fit->trials[fit->chosen].dev_loss);
  }
  EXPECT_EQ(fit->head.temperature(), fit->trials[fit->chosen].temperature);
}

TEST(LinearHead, ProbabilitiesSumToOne) {
  const Sample sample;
  ThreadPool pool(1);
  auto fit = fit_linear_head(sample.data(), 0.99, pool);
  ASSERT_TRUE(fit.ok());
  std::vector<float> far(32, 1e30f);
  for (const std::span<const float> row : {sample.test.rows().row(0), std::span<const float>(far)}) {
    double sum = 0;
    for (const double p : fit->head.probabilities(row)) sum += p;
    EXPECT_NEAR(sum, 1, 1e-12);
  }
  EXPECT_FALSE(fit->head.answer(std::vector<float>(31)).ok());
  far[3] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(fit->head.answer(far).ok());
}

TEST(LinearHead, TheSameDataGiveTheSameBytesWhateverThePool) {
  const Sample sample;
  ThreadPool one(1), two(2);
  auto a = fit_linear_head(sample.data(), 0.99, one), b = fit_linear_head(sample.data(), 0.99, two);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(linear_head_bytes(a->head), linear_head_bytes(b->head));
}

TEST(LinearHead, RefusesDataItCannotLearnFrom) {
  const Sample sample;
  const std::vector<std::pair<std::function<void(LinearHeadData&, Clusters&)>, std::string>> cases = {
      {[](LinearHeadData& data, Clusters&) { data.labels.resize(1); }, "needs 2 labels"},
      {[](LinearHeadData& data, Clusters&) { data.labels[1] = data.labels[0]; }, "occurs twice"},
      {[](LinearHeadData& data, Clusters&) { data.labels[1] = ""; }, "label is empty"},
      {[](LinearHeadData& data, Clusters&) { data.labels.push_back("unseen"); }, "no training row"},
      {[](LinearHeadData& data, Clusters&) { data.dev = {{}, 32, {}}; }, "there are no rows"},
      {[](LinearHeadData& data, Clusters&) { data.train.width = 0; }, "a width of 0"},
      {[](LinearHeadData& data, Clusters&) { data.dev.width = 16; }, "sizes do not fit"},
      {[](LinearHeadData&, Clusters& train) { train.labels[5] = 6; }, "label 6 is not one of 6"},
      {[](LinearHeadData&, Clusters& train) { train.labels[5] = -1; }, "label -1 is not one of 6"},
      {[](LinearHeadData&, Clusters& train) { train.values[5] = std::nanf(""); }, "not finite"},
  };
  ThreadPool pool(1);
  for (const auto& [spoil, what] : cases) {
    Clusters train = sample.train;
    LinearHeadData data{"embedder", label_names(6), train.rows(), sample.dev.rows()};
    spoil(data, train);
    auto fit = fit_linear_head(data, 0.99, pool);
    ASSERT_FALSE(fit.ok()) << what;
    EXPECT_EQ(fit.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(fit.error().what.find(what), std::string::npos) << fit.error().message();
  }
  EXPECT_FALSE(fit_linear_head(sample.data(), 1, pool).ok());
  EXPECT_FALSE(fit_linear_head(sample.data(), 0, pool).ok());
}

}  // namespace
}  // namespace understudy
