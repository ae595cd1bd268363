#include "train/heads/domain_gate.h"

#include <gtest/gtest.h>

#include "train/heads/limits.h"
#include "train/heads/testing/clusters.h"

namespace understudy {
namespace {

TEST(DomainGate, DistanceIsOneMinusTheMeanCosineOfTheNearestThree) {
  // Lengths do not count; the nearest three of four are at cosines 1, 1 and 0.
  const DomainGate gate(2, {1, 0, 1, 0, 0, 1, -1, 0}, 2);
  EXPECT_NEAR(gate.distance(std::vector<float>{7, 0}), 1 - 2.0 / 3, 1e-12);
  EXPECT_EQ(gate.distance(std::vector<float>{0, 0}), 2);
  const DomainGate single(2, {1, 0}, 2);
  EXPECT_NEAR(single.distance(std::vector<float>{-1, 0}), 2, 1e-12);
}

TEST(DomainGate, KeepsTheStatedShareOfItsOwnAndStopsForeigners) {
  const Clusters train = make_clusters(10, 30, 64, 0.8, 1, 2), dev = make_clusters(10, 100, 64, 0.8, 1, 3),
                 test = make_clusters(10, 200, 64, 0.8, 1, 4),
                 foreign = make_clusters(10, 100, 64, 0.8, 99, 5);
  const DomainGate gate = DomainGate::fit(train.rows(), dev.rows(), 0.95);
  const auto passing = [&](const Clusters& clusters) {
    double count = 0;
    for (size_t i = 0; i < clusters.rows().rows(); i++)
      count += gate.passes(gate.distance(clusters.rows().row(i))) ? 1 : 0;
    return count / static_cast<double>(clusters.rows().rows());
  };
  EXPECT_NEAR(passing(dev), 0.95, 0.002);
  EXPECT_NEAR(passing(test), 0.95, 0.02);
  EXPECT_LT(passing(foreign), 0.05);
}

TEST(DomainGate, FewDevRowsKeepAllOfThem) {
  const Clusters train = make_clusters(2, 5, 8, 0.5, 1, 2), dev = make_clusters(2, 3, 8, 0.5, 1, 3);
  const DomainGate gate = DomainGate::fit(train.rows(), dev.rows(), 0.99);
  double farthest = 0;
  for (size_t i = 0; i < 6; i++) farthest = std::max(farthest, gate.distance(dev.rows().row(i)));
  EXPECT_EQ(gate.max_distance(), farthest);
  EXPECT_EQ(DomainGate::fit(train.rows(), {{}, 8, {}}, 0.99).max_distance(), 2);
}

TEST(DomainGate, BoundsTheRowsItKeeps) {
  const Clusters train = make_clusters(2, kMaxNeighbourRows, 4, 0.5, 1, 2);
  const DomainGate gate = DomainGate::fit(train.rows(), {{}, 4, {}}, 0.99);
  EXPECT_EQ(gate.unit_rows().size(), kMaxNeighbourRows * 4);
  // Spread evenly: the last class is there too.
  EXPECT_LT(gate.distance(train.rows().row(train.rows().rows() - 1)), 0.05);
}

}  // namespace
}  // namespace understudy
