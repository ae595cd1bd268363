// Calls while the ledger's file cannot grow.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "gateway/testing/upstream_server.h"

namespace understudy {
namespace {

// While it lives no file of this process can grow: writes fail as on a full disk, whoever runs the test.
class FullDisk {
 public:
  FullDisk() : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = 1;
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

const std::string kAsk = R"({"model":"gpt-4o","messages":[]})";
const std::string kAskStream = R"({"model":"gpt-4o","stream":true,"messages":[]})";
const std::string kEvents = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[]}\n\ndata: [DONE]\n\n";

void answer(std::shared_ptr<Exchange> exchange) {
  if (exchange->request().body != kAskStream)
    return exchange->respond({200, "application/json", {}, R"({"object":"chat.completion"})"});
  exchange->begin_stream({200, "text/event-stream", {}, ""});
  exchange->write(kEvents);
  exchange->end_stream();
}

TEST(FailingLedger, PassesStreamsAndCountsWhatIsLost) {
  UpstreamServer upstream(answer);
  TestGateway gateway(upstream.url());
  EXPECT_EQ(gateway.chat(kAskStream).body, kEvents);
  gateway.calls(1);
  {
    const FullDisk full;
    for (int call = 0; call < 3; ++call) EXPECT_EQ(gateway.chat(kAskStream).body, kEvents);
    EXPECT_EQ(gateway.chat(kAsk).status, 200);
    ASSERT_TRUE(eventually([&] { return gateway.recorder->lost() == 4; }));
    EXPECT_NE(gateway.get("/metrics").body.find("understudy_ledger_lost_calls_total 4\n"), std::string::npos);
    EXPECT_EQ(gateway.get("/ready").json().at("ledger"), "failing");
    EXPECT_EQ(gateway.reports(), (std::vector<bool>{false}));
  }
  EXPECT_EQ(gateway.chat(kAskStream).body, kEvents);
  EXPECT_EQ(gateway.calls(2)[0].status, 200);
  // The row is there a moment before the recorder hears of it.
  ASSERT_TRUE(eventually([&] { return gateway.reports().size() == 2; }));
  EXPECT_EQ(gateway.get("/ready").json().at("ledger"), "ok");
  EXPECT_EQ(gateway.get("/ready").json().at("lost_calls"), 4);
  EXPECT_EQ(gateway.reports(), (std::vector<bool>{false, true}));
}

TEST(FailingLedger, RefusesStreamsBeforeTheyStartWhenAskedTo) {
  UpstreamServer upstream(answer);
  TestGateway gateway(upstream.url(), {.refuse_on_failure = true});
  EXPECT_EQ(gateway.chat(kAsk).status, 200);
  const FullDisk full;
  const TestResponse found_out = gateway.chat(kAsk);  // its answer waits for the ledger
  EXPECT_EQ(found_out.status, 503);
  EXPECT_EQ(found_out.json().at("error").at("code"), "ledger_failed");
  const size_t asked = upstream.requests().size();
  for (int call = 0; call < 3; ++call) {
    const TestResponse stream = gateway.chat(kAskStream);
    EXPECT_EQ(stream.status, 503);
    EXPECT_EQ(stream.json().at("error").at("code"), "ledger_failed");
    EXPECT_EQ(gateway.chat(kAsk).status, 503);
  }
  EXPECT_EQ(upstream.requests().size(), asked);
  // What is not to be recorded does not need the ledger.
  EXPECT_EQ(gateway.chat(kAskStream, "x-understudy-log: off\r\n").body, kEvents);
}

TEST(FailingLedger, ARefusalFindsOutThatItWorksAgain) {
  UpstreamServer upstream(answer);
  TestGateway gateway(upstream.url(), {.refuse_on_failure = true});
  EXPECT_EQ(gateway.chat(kAsk).status, 200);
  {
    const FullDisk full;
    EXPECT_EQ(gateway.chat(kAsk).status, 503);
  }
  EXPECT_EQ(gateway.chat(kAskStream).status, 503);
  EXPECT_EQ(gateway.chat(kAskStream).body, kEvents);
  int refused = 0;
  for (const Call& call : gateway.calls(3)) refused += call.status == 503 && call.reason == "ledger_failed";
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(gateway.reports(), (std::vector<bool>{false, true}));
}

// Its session is longer than a field may be, but the ledger is well.
TEST(FailingLedger, ACallThatBreaksALimitRefusesNoOther) {
  UpstreamServer upstream(answer);
  TestGateway gateway(upstream.url(), {.refuse_on_failure = true});
  Call call;
  call.session = std::string(1 << 20, 's');
  gateway.recorder->record(std::move(call));
  EXPECT_TRUE(eventually([&] { return gateway.recorder->lost() == 1; }));
  EXPECT_FALSE(gateway.recorder->failing());
  EXPECT_EQ(gateway.chat(kAskStream).body, kEvents);
}

}  // namespace
}  // namespace understudy
