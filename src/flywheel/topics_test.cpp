#include "flywheel/topics.h"

#include <gtest/gtest.h>

#include "flywheel/testing/loop_home.h"

namespace understudy {
namespace {

struct Log {
  std::vector<Call> calls;
  std::vector<ReadCall> read;
  Mining mining;

  void add(Call call) {
    read.push_back(read_call(call));
    calls.push_back(std::move(call));
  }
  std::vector<Topic> topics() {
    mining = mine(calls, read);
    WordEmbedder embedder;
    auto found = find_topics(mining, calls, read, embedder);
    EXPECT_TRUE(found.ok());
    return *found;
  }
};

// Two subjects in prompts without constant text: as many words in common as a subject has, at any place.
Call about(bool weather, size_t number) {
  static const char* const kWeather[] = {"rain wind snow", "snow rain wind", "wind snow rain"};
  static const char* const kFood[] = {"soup bread rice", "rice soup bread", "bread rice soup"};
  const std::string word = "w" + std::to_string(number);
  return chat_call({{"user", word + ' ' + (weather ? kWeather : kFood)[number % 3]}},
                   "Well.\nSo " + word + " it is.");
}

TEST(Topics, GroupCallsWithoutASkeletonByMeaning) {
  Log log;
  for (size_t i = 0; i < 60; ++i) log.add(about(i % 3 != 0, i));
  const std::vector<Topic> topics = log.topics();
  ASSERT_EQ(topics.size(), 2U);
  EXPECT_EQ(topics[0].calls.size(), 40U);
  EXPECT_EQ(topics[1].calls.size(), 20U);
  for (const size_t call : topics[0].calls) EXPECT_NE(call % 3, 0U);
  EXPECT_NE(topics[0].text.find("rain"), std::string::npos);
}

TEST(Topics, NeverTouchACallOfATask) {
  Log log;
  for (size_t i = 0; i < 60; ++i) {
    log.add(chat_call({{"system", "Is the message a complaint about our service? Say yes or no."},
                       {"user", "Message: " + sentence(i)}},
                      i % 2 == 0 ? "yes" : "no"));
  }
  EXPECT_TRUE(log.topics().empty());
  EXPECT_FALSE(may_have_topics(log.mining));
  ASSERT_EQ(log.mining.tasks.size(), 1U);
}

TEST(Topics, DoNotJoinCallsWithDifferentParts) {
  Log log;
  for (size_t i = 0; i < 30; ++i) {
    Call call = about(true, i);
    if (i % 2 == 0)
      call.request = chat_request({{"user", "w" + std::to_string(i) + " rain wind snow"}}, {{"top_k", 3}});
    log.add(std::move(call));
  }
  EXPECT_TRUE(log.topics().empty());  // 15 of each: a topic needs 20
}

}  // namespace
}  // namespace understudy
