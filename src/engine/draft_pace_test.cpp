#include "engine/draft_pace.h"

#include <gtest/gtest.h>

#include <vector>

namespace understudy {
namespace {

const std::vector<double> kSure(15, 0.9), kDoubtful(15, 0.2);

TEST(DraftPace, NothingIsDraftedBeforeAStepWasMeasured) {
  DraftPace pace;
  EXPECT_EQ(pace.rows_worth(1, 1, kSure), 0);
  pace.took(1, 10);
  EXPECT_GT(pace.rows_worth(1, 1, kSure), 10);  // rows are taken to be cheap until they are known
  EXPECT_EQ(pace.rows_worth(1, 1, {}), 0);
}

TEST(DraftPace, RowsThatCostNothingAreTakenAndRowsThatCostAStepAreNot) {
  DraftPace cheap, dear;
  for (int rows = 1; rows <= 16; rows++) {
    cheap.took(rows, 10);
    dear.took(rows, 10 * rows);
  }
  EXPECT_EQ(cheap.rows_worth(1, 1, kSure), 15);
  EXPECT_GT(cheap.rows_worth(1, 1, kDoubtful), 2);
  EXPECT_EQ(dear.rows_worth(1, 1, kSure), 0);
}

// Four rows share what is read for one, a fifth begins another pass.
TEST(DraftPace, FillsAStepThatCostsAlike) {
  DraftPace pace;
  for (int rows = 1; rows <= 16; rows++) pace.took(rows, 10.0 * ((rows + 3) / 4));
  EXPECT_EQ(pace.rows_worth(1, 1, kDoubtful), 3);
  EXPECT_EQ(pace.rows_worth(3, 3, kSure), 1);
  EXPECT_EQ(pace.rows_worth(4, 4, kDoubtful), 0);
}

TEST(DraftPace, OneSlowStepDecidesNothing) {
  DraftPace pace;
  for (int i = 0; i < 20; i++) pace.took(1, 10), pace.took(4, 12);
  pace.took(4, 500);
  EXPECT_GT(pace.rows_worth(1, 1, std::vector<double>(3, 0.9)), 0);
}

// What was slow once is tried again after many steps without it.
TEST(DraftPace, AnOldMeasureFades) {
  DraftPace pace;
  pace.took(1, 10);
  pace.took(2, 40);
  const std::vector<double> one{0.9};
  EXPECT_EQ(pace.rows_worth(1, 1, one), 0);
  for (int i = 0; i < 20000; i++) pace.took(1, 10);
  EXPECT_EQ(pace.rows_worth(1, 1, one), 1);
}

TEST(DraftPace, StepsOfManyRowsDraftNothing) {
  DraftPace pace;
  pace.took(1, 10);
  pace.took(100, 10);
  EXPECT_EQ(pace.rows_worth(100, 100, kSure), 0);
  EXPECT_EQ(pace.rows_worth(64, 64, kSure), 0);
}

}  // namespace
}  // namespace understudy
