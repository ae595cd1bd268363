#include "eval/confidence_sequence.h"

#include <gtest/gtest.h>

#include <random>

namespace understudy {
namespace {

// A paired difference: 1, -1 or 0.
double draw(std::mt19937_64& random, double gain, double loss) {
  const double u = static_cast<double>(random() >> 11) * 0x1p-53;
  return u < gain ? 1 : u < gain + loss ? -1 : 0;
}

TEST(ConfidenceSequence, StartsWithEverythingAndNeverGrows) {
  ConfidenceSequence sequence(-1, 1, 0.05);
  EXPECT_EQ(sequence.interval().low, -1);
  EXPECT_EQ(sequence.interval().high, 1);
  std::mt19937_64 random(1);
  Interval before = sequence.interval();
  for (int i = 0; i < 300; i++) {
    sequence.add(draw(random, 0.05, 0.05));
    const Interval now = sequence.interval();
    EXPECT_GE(now.low, before.low);
    EXPECT_LE(now.high, before.high);
    before = now;
  }
  EXPECT_EQ(sequence.count(), 300);
  EXPECT_LT(before.high - before.low, 0.5);
}

// A look after every one of 400 values: at a level of 10 % a fixed interval would miss in far more than 10 % of the runs.
TEST(ConfidenceSequence, HoldsAtAllTimesAtOnce) {
  constexpr int kRuns = 200, kValues = 400;
  struct Case {
    double gain, loss;
  };
  for (const Case& at : {Case{0.02, 0.04}, Case{0.2, 0.2}, Case{0, 0.02}}) {
    std::mt19937_64 random(11);
    int missed = 0;
    for (int run = 0; run < kRuns; run++) {
      ConfidenceSequence sequence(-1, 1, 0.10);
      for (int i = 0; i < kValues; i++) sequence.add(draw(random, at.gain, at.loss));
      // It never grows, so the last interval tells of all.
      const Interval interval = sequence.interval();
      const double truth = at.gain - at.loss;
      missed += truth < interval.low || truth > interval.high ? 1 : 0;
    }
    // 30 of 200 or more has a probability below 2 % if the true rate is 10 %.
    EXPECT_LT(missed, 30) << at.gain << " " << at.loss;
  }
}

TEST(ConfidenceSequence, SeesHarmInTheEnd) {
  std::mt19937_64 random(5);
  ConfidenceSequence harmful(-1, 1, 0.05), harmless(-1, 1, 0.05);
  int seen = 0;
  while (seen < 2000 && harmful.interval().high >= -0.02) {
    harmful.add(draw(random, 0.01, 0.11));
    seen++;
  }
  EXPECT_LT(seen, 1000);
  for (int i = 0; i < 2000; i++) harmless.add(draw(random, 0.01, 0.01));
  EXPECT_GE(harmless.interval().high, -0.02);
}

TEST(ConfidenceSequence, SurvivesExtremes) {
  ConfidenceSequence sequence(0, 1, 0.05);
  for (int i = 0; i < 5000; i++) sequence.add(1e9);  // clamped to 1
  EXPECT_EQ(sequence.interval().high, 1);
  EXPECT_GT(sequence.interval().low, 0.99);
}

}  // namespace
}  // namespace understudy
