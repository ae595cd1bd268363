#include "app/demo/reply_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace understudy {
namespace {

std::string fresh_path() {
  const std::string path = ::testing::TempDir() + "reply_log_" +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".jsonl";
  std::filesystem::remove(path);
  return path;
}

TEST(ReplyLog, GoesOnWhereItStopped) {
  const std::string path = fresh_path();
  {
    auto log = ReplyLog::open(path);
    ASSERT_TRUE(log.ok()) << log.error().message();
    EXPECT_TRUE(log->replies().empty());
    EXPECT_TRUE(log->add(4, {"call_4", "a\nb", true, "specialist", 12.5}).ok());
    EXPECT_TRUE(log->add(0, {"call_0", "", false, "below_tau", 600}).ok());
  }
  // Killed in the middle of a line.
  std::ofstream(path, std::ios::app) << R"({"call": 5, "id": "ca)";
  {
    auto log = ReplyLog::open(path);
    ASSERT_TRUE(log.ok());
    ASSERT_EQ(log->replies().size(), 2u);
    EXPECT_EQ(log->replies().at(4).text, "a\nb");
    EXPECT_TRUE(log->replies().at(4).local);
    EXPECT_EQ(log->replies().at(0).reason, "below_tau");
    EXPECT_EQ(log->replies().at(4).total_ms, 12.5);
    EXPECT_TRUE(log->add(5, {"call_5", "c", false, "", 1}).ok());
  }
  auto log = ReplyLog::open(path);
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(log->replies().size(), 3u);
  EXPECT_EQ(log->replies().at(5).call_id, "call_5");
}

TEST(ReplyLog, NamesALineThatIsNoReply) {
  const std::string path = fresh_path();
  std::ofstream(path)
      << "{\"call\":1,\"id\":\"a\",\"text\":\"\",\"local\":false,\"reason\":\"\",\"ms\":1}\nno\n";
  const auto log = ReplyLog::open(path);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().code, ErrorCode::corrupt);
  EXPECT_TRUE(log.error().where.ends_with(":2")) << log.error().where;
}

TEST(ReplyLog, NamesAFolderThatIsNotThere) {
  EXPECT_EQ(ReplyLog::open("/nowhere/replies.jsonl").error().code, ErrorCode::io);
}

IncomingReply answered(const std::string& type, const std::string& body) {
  IncomingReply reply;
  reply.status = 200;
  reply.headers["content-type"] = type;
  reply.body = body;
  reply.total_ms = 3;
  return reply;
}

TEST(ReadReply, WholeAndStreamed) {
  const auto whole = read_reply(answered(
      "application/json",
      R"({"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"a b"}}]})"));
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->text, "a b");
  EXPECT_FALSE(whole->local);
  const auto streamed =
      read_reply(answered("text/event-stream; charset=utf-8",
                          "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"a\"}}]}"
                          "\r\n\r\n: comment\n\ndata: {\"choices\":[{\"delta\":{\"content\":\" b\"}}]}\n\n"
                          "data: {\"choices\":[]}\n\ndata: [DONE]\n\n"));
  ASSERT_TRUE(streamed.ok());
  EXPECT_EQ(streamed->text, "a b");
}

TEST(ReadReply, WhatIsNoAnswer) {
  IncomingReply none;
  none.error = "Could not connect";
  EXPECT_NE(read_reply(none).error().what.find("Could not connect"), std::string::npos);
  IncomingReply refused = answered("application/json", R"({"error": {"message": "slow down"}})");
  refused.status = 429;
  EXPECT_NE(read_reply(refused).error().what.find("slow down"), std::string::npos);
}

}  // namespace
}  // namespace understudy
