#include "app/demo/class_index.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

std::vector<std::pair<std::string, std::string>> questions() {
  return {{"card_arrival", "When will my new card arrive?"},
          {"card_arrival", "My card has not arrived"},
          {"card_delivery_estimate", "How long until the card will arrive at my house?"},
          {"exchange_rate", "What is the exchange rate for euros?"},
          {"exchange_charge", "Is there a charge to exchange euros?"}};
}

TEST(ClassIndex, NearestOtherClass) {
  const auto texts = questions();
  const ClassIndex index(texts);
  EXPECT_EQ(index.nearest_other("card_arrival"), "card_delivery_estimate");
  EXPECT_EQ(index.nearest_other("card_delivery_estimate"), "card_arrival");
  EXPECT_EQ(index.nearest_other("exchange_rate"), "exchange_charge");
  EXPECT_EQ(index.nearest_other("unknown"), "");
}

TEST(ClassIndex, NearestClassOfAText) {
  const auto texts = questions();
  const ClassIndex index(texts);
  EXPECT_EQ(index.nearest("the RATE, please"), "exchange_rate");
  EXPECT_EQ(index.nearest("any charge"), "exchange_charge");
  // Nothing in common: still an answer, and always the same one.
  EXPECT_EQ(index.nearest("zebra"), "card_arrival");
}

TEST(ClassIndex, OneClassAndNone) {
  const std::vector<std::pair<std::string, std::string>> one = {{"only", "a b"}};
  EXPECT_EQ(ClassIndex(one).nearest_other("only"), "only");
  EXPECT_EQ(ClassIndex({}).nearest("a"), "");
}

}  // namespace
}  // namespace understudy
