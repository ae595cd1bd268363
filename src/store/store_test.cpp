#include "store/store.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <set>
#include <thread>

#include "base/testing/temporary_folder.h"
#include "store/call_id.h"
#include "store/limits.h"
#include "store/testing/sample_call.h"

namespace understudy {
namespace {

std::unique_ptr<Store> open_or_die(const std::string& path) {
  auto store = Store::open(path);
  if (!store.ok()) ADD_FAILURE() << store.error().message();
  return store.ok() ? std::move(store.value()) : nullptr;
}

std::vector<std::string> ids_of(const std::vector<Call>& calls) {
  std::vector<std::string> ids;
  for (const Call& call : calls) ids.push_back(call.id);
  return ids;
}

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = open_or_die(folder_.file("ledger.db"));
    ASSERT_NE(store_, nullptr);
  }
  std::string append(Call call) {
    auto id = store_->append(std::move(call));
    EXPECT_TRUE(id.ok()) << id.error().message();
    return id.ok() ? id.value() : "";
  }
  int64_t count(const CallFilter& filter = {}) { return store_->count(filter).value(); }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, ACallComesBackWhole) {
  Call call = sample_call(1);
  call.request = "not JSON \xff but what passed\n";
  call.error = "cut off: \xc3\xa9";
  call.first_token_ms = 0.0;  // known to be 0, which is not unknown
  const std::string id = append(call);
  auto read = store_->get(id);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->id, id);
  EXPECT_EQ(read->time_ms, call.time_ms);
  EXPECT_EQ(read->project, call.project);
  EXPECT_EQ(read->session, call.session);
  EXPECT_EQ(read->task, call.task);
  EXPECT_EQ(read->answer_to, "");
  EXPECT_EQ(read->tags, call.tags);
  EXPECT_EQ(read->endpoint, call.endpoint);
  EXPECT_EQ(read->model, call.model);
  EXPECT_EQ(read->origin, Origin::incumbent);
  EXPECT_EQ(read->route, call.route);
  EXPECT_EQ(read->reason, call.reason);
  EXPECT_EQ(read->provider, call.provider);
  EXPECT_EQ(read->target_model, call.target_model);
  EXPECT_EQ(read->request, call.request);
  EXPECT_EQ(read->response, call.response);
  EXPECT_TRUE(read->streamed);
  EXPECT_EQ(read->status, 200);
  EXPECT_EQ(read->prompt_tokens, 12);
  EXPECT_EQ(read->completion_tokens, 0);
  EXPECT_EQ(read->cached_tokens, std::nullopt);
  EXPECT_EQ(read->queue_ms, std::nullopt);
  EXPECT_EQ(read->first_token_ms, 0.0);
  EXPECT_EQ(read->total_ms, 612.5);
  EXPECT_EQ(read->cpu_seconds, std::nullopt);
  EXPECT_EQ(read->cost_usd, 0.00025);
  EXPECT_EQ(read->error, call.error);
}

TEST_F(StoreTest, CallsStayWhenTheStoreIsClosed) {
  const std::string id = append(sample_call(1));
  store_.reset();
  store_ = open_or_die(folder_.file("ledger.db"));
  ASSERT_NE(store_, nullptr);
  EXPECT_TRUE(store_->get(id).ok());
}

TEST_F(StoreTest, PagesAreNewestFirstAndMissNothing) {
  std::vector<std::string> expected;
  for (const int number : {3, 1, 4, 2, 0}) append(sample_call(number));
  std::vector<int64_t> times;
  std::string cursor;
  int pages = 0;
  do {
    auto page = store_->list({}, 2, cursor);
    ASSERT_TRUE(page.ok());
    for (const Call& call : page->calls) times.push_back(call.time_ms - kSampleTime);
    cursor = page->cursor;
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(times, (std::vector<int64_t>{4, 3, 2, 1, 0}));
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(store_->list({}, 1, "", Bodies::leave_out)->calls[0].request, "");
  EXPECT_EQ(store_->list({}, 5)->cursor, "");
  EXPECT_EQ(store_->list({}, 0).error().where, "limit");
  EXPECT_EQ(store_->list({}, kMaxPageCalls + 1).error().where, "limit");
  EXPECT_EQ(store_->list({}, 1, "x").error().code, ErrorCode::invalid_argument);
}

TEST_F(StoreTest, FiltersKeepWhatTheyName) {
  for (int number = 0; number < 6; ++number) {
    Call call = sample_call(number);
    if (number == 4) call.project = "", call.task = "", call.model = "gpt-4o-mini", call.status = 429;
    if (number == 5) call.origin = Origin::local;
    append(call);
  }
  auto numbers = [&](const std::function<void(CallFilter&)>& set) {
    CallFilter filter;
    set(filter);
    std::vector<int64_t> found;
    auto page = store_->list(filter, 10);
    if (!page.ok()) return std::vector<int64_t>{-1};
    for (const Call& call : page->calls) found.push_back(call.time_ms - kSampleTime);
    EXPECT_EQ(store_->count(filter).value(), static_cast<int64_t>(found.size()));
    return found;
  };
  using Numbers = std::vector<int64_t>;
  EXPECT_EQ(numbers([](auto& f) { f.project = ""; }), Numbers{4});
  EXPECT_EQ(numbers([](auto& f) { f.task = ""; }), Numbers{4});
  EXPECT_EQ(numbers([](auto& f) { f.model = "gpt-4o-mini"; }), Numbers{4});
  EXPECT_EQ(numbers([](auto& f) { f.status = 429; }), Numbers{4});
  EXPECT_EQ(numbers([](auto& f) { f.origin = Origin::local; }), Numbers{5});
  EXPECT_EQ(numbers([](auto& f) { f.session = "session-1"; }), (Numbers{4, 1}));
  EXPECT_EQ(numbers([](auto& f) { f.tag = "tag-2"; }), Numbers{2});
  EXPECT_EQ(numbers([](auto& f) { f.since_ms = kSampleTime + 4; }), (Numbers{5, 4}));
  EXPECT_EQ(numbers([](auto& f) { f.until_ms = kSampleTime + 2; }), (Numbers{1, 0}));
  EXPECT_EQ(numbers([](auto& f) { f.recorded_before_ms = kSampleTime + 9; }), Numbers{});  // recorded today
  EXPECT_EQ(numbers([](auto& f) { f.session = "session-1", f.model = "gpt-4o"; }), Numbers{1});
  EXPECT_EQ(numbers([](auto& f) { f.project = "' OR 1=1 --"; }), Numbers{});
}

TEST_F(StoreTest, ALocalAnswerIsNeverATrainingCall) {
  Call local = sample_call(1);
  local.origin = Origin::local;
  append(local);
  Call failed = sample_call(2);
  failed.status = 500;
  append(failed);
  Call cut = sample_call(3);
  cut.error = "the upstream went away";
  append(cut);
  Call metadata = sample_call(4);
  metadata.request = metadata.response = "";
  append(metadata);
  const std::string good = append(sample_call(5));
  EXPECT_EQ(ids_of(store_->training_calls({}, 10)->calls), std::vector{good});
  CallFilter only_local;
  only_local.origin = Origin::local;
  EXPECT_TRUE(store_->training_calls(only_local, 10)->calls.empty());
}

TEST_F(StoreTest, ABeginningFindsTheOneCall) {
  const std::string id = append(sample_call(1));
  EXPECT_EQ(store_->find(id)->id, id);
  EXPECT_EQ(store_->find(id.substr(0, 20))->id, id);
  append(sample_call(2));
  EXPECT_EQ(store_->find("call_").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store_->find("call_zzz").error().code, ErrorCode::not_found);
  EXPECT_EQ(store_->get(id.substr(0, 20)).error().code, ErrorCode::not_found);
}

struct Broken {
  std::string field;
  std::function<void(Call&)> breaks;
};
void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.field; }

class BrokenCall : public StoreTest, public ::testing::WithParamInterface<Broken> {};

TEST_P(BrokenCall, IsRefusedWithItsFieldAndLeavesNothing) {
  Call call = sample_call(1);
  GetParam().breaks(call);
  auto id = store_->append(call);
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(id.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(id.error().where, GetParam().field) << id.error().message();
  EXPECT_FALSE(store_->import(std::vector{sample_call(2), call}).ok());
  EXPECT_EQ(count(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenCall,
    ::testing::Values(Broken{"id", [](Call& call) { call.id = "chatcmpl-1"; }},
                      Broken{"id", [](Call& call) { call.id = new_call_id(call.time_ms + 1); }},
                      Broken{"answer_to", [](Call& call) { call.origin = Origin::person; }},
                      Broken{"answer_to", [](Call& call) { call.answer_to = "call_x"; }},
                      Broken{"project", [](Call& call) { call.project.assign(kMaxFieldBytes + 1, 'a'); }},
                      Broken{"model", [](Call& call) { call.model = std::string("a\0b", 3); }},
                      Broken{"session", [](Call& call) { call.session = "\xff"; }},
                      Broken{"tags", [](Call& call) { call.tags.assign(kMaxTags + 1, "a"); }},
                      Broken{"tags", [](Call& call) { call.tags = {"\xc0\x80"}; }},
                      Broken{"request", [](Call& call) { call.request.assign(kMaxBodyBytes + 1, ' '); }},
                      Broken{"prompt_tokens", [](Call& call) { call.prompt_tokens = -1; }},
                      Broken{"cost_usd", [](Call& call) { call.cost_usd = -0.5; }},
                      Broken{"total_ms", [](Call& call) { call.total_ms = 1 / 0.0; }}));

TEST_F(StoreTest, AnIdIsTakenOnceAndTheOthersOfItsBatchAreKept) {
  Call call = sample_call(1);
  call.id = append(call);
  auto again = store_->append(call);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::invalid_argument);
  append(sample_call(2));
  EXPECT_EQ(count(), 2);
}

TEST_F(StoreTest, ImportTakesARowOnce) {
  std::vector<Call> calls;
  for (int number = 0; number < 3; ++number) {
    calls.push_back(sample_call(number));
    calls.back().import_key = fmt::format("row {}", number);
  }
  EXPECT_EQ(store_->import(calls).value(), 3u);
  EXPECT_EQ(store_->import(calls).value(), 0u);
  calls.push_back(sample_call(3));
  EXPECT_EQ(store_->import(calls).value(), 1u);
  EXPECT_EQ(count(), 4);
}

TEST_F(StoreTest, CredentialsInABodyAreNotStored) {
  Call call = sample_call(1);
  call.request =
      R"({"model":"m","api_key":"sk-secret","extra_headers":{"Authorization":"Bearer x"},"messages":[]})";
  EXPECT_EQ(store_->get(append(call))->request, R"({"model":"m","messages":[]})");
}

TEST_F(StoreTest, TasksAreSetTogetherOrNotAtAll) {
  const std::string one = append(sample_call(1)), two = append(sample_call(2));
  EXPECT_TRUE(store_->set_task(std::vector{one, two}, "t9").ok());
  EXPECT_EQ(store_->get(two)->task, "t9");
  EXPECT_EQ(store_->set_task(std::vector{one, std::string("call_x")}, "t10").error().code,
            ErrorCode::not_found);
  EXPECT_EQ(store_->get(one)->task, "t9");
}

TEST_F(StoreTest, FeedbackIsKeptInOrder) {
  const std::string id = append(sample_call(1));
  Feedback first;
  first.call_id = id;
  first.from = "ann";
  first.score = 0;
  Feedback second;
  second.call_id = id;
  second.label = "card_arrival";
  second.comment = "two cards";
  ASSERT_TRUE(store_->add_feedback(first).ok());
  ASSERT_TRUE(store_->add_feedback(second).ok());
  auto all = store_->feedback(id);
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).from, "ann");
  EXPECT_EQ(all->at(0).score, 0.0);
  EXPECT_GT(all->at(0).time_ms, kSampleTime);
  EXPECT_EQ(all->at(1).score, std::nullopt);
  EXPECT_EQ(all->at(1).label, "card_arrival");
  EXPECT_EQ(all->at(1).comment, "two cards");
  EXPECT_EQ(all->at(1).answer_id, "");
}

TEST_F(StoreTest, ACorrectionIsAPersonsAnswerToTheCall) {
  const std::string id = append(sample_call(1));
  Feedback feedback;
  feedback.call_id = id;
  feedback.from = "ann";
  feedback.correction = R"("lost_card")";
  auto stored = store_->add_feedback(feedback);
  ASSERT_TRUE(stored.ok()) << stored.error().message();
  auto answer = store_->get(stored->answer_id);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->origin, Origin::person);
  EXPECT_EQ(answer->answer_to, id);
  EXPECT_EQ(answer->provider, "ann");
  EXPECT_EQ(answer->request, sample_call(1).request);
  EXPECT_NE(
      answer->response.find(R"("message":{"role":"assistant","content":"lost_card"},"finish_reason":"stop")"),
      std::string::npos)
      << answer->response;
  EXPECT_EQ(answer->cost_usd, std::nullopt);
  EXPECT_EQ(store_->training_calls({}, 10)->calls.size(), 2u);
}

TEST_F(StoreTest, RefusedFeedbackLeavesNothing) {
  const std::string id = append(sample_call(1));
  Call embedding = sample_call(2);
  embedding.endpoint = "/v1/embeddings";
  const std::string other = append(embedding);
  auto refused = [&](const std::string& call, const std::string& correction, ErrorCode code) {
    Feedback feedback;
    feedback.call_id = call;
    feedback.correction = correction;
    auto stored = store_->add_feedback(feedback);
    ASSERT_FALSE(stored.ok()) << correction;
    EXPECT_EQ(stored.error().code, code) << stored.error().message();
  };
  refused("call_x", R"("a")", ErrorCode::not_found);
  refused(id, "", ErrorCode::invalid_argument);
  refused(id, "lost_card", ErrorCode::invalid_argument);  // not JSON
  refused(id, "7", ErrorCode::invalid_argument);
  refused(id, R"({"role":"user","content":"a"})", ErrorCode::invalid_argument);
  refused(id, R"({"role":"assistant"})", ErrorCode::invalid_argument);
  refused(other, R"("a")", ErrorCode::unsupported);
  EXPECT_EQ(count(), 2);
  EXPECT_TRUE(store_->feedback(id)->empty());
}

TEST_F(StoreTest, QueuedCallsAreWrittenWhenTheStoreCloses) {
  std::atomic<int> done = 0;
  for (int number = 0; number < 100; ++number) {
    store_->append_async(sample_call(number),
                         [&](const Result<std::string>& id) { done += id.ok() ? 1 : 0; });
  }
  store_.reset();
  EXPECT_EQ(done, 100);
  store_ = open_or_die(folder_.file("ledger.db"));
  ASSERT_NE(store_, nullptr);
  EXPECT_EQ(count(), 100);
}

TEST_F(StoreTest, WritersAndReadersOfTwoStoresDoNotDisturbEachOther) {
  constexpr int kWriters = 4, kCalls = 25;
  auto second = open_or_die(folder_.file("ledger.db"));
  ASSERT_NE(second, nullptr);
  std::atomic<bool> writing = true;
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < kCalls; ++i) {
        Store& store = writer % 2 == 0 ? *store_ : *second;
        failed += store.append(sample_call(writer * kCalls + i)).ok() ? 0 : 1;
      }
    });
  }
  std::thread reader([&] {
    size_t seen = 0;
    while (writing) {
      auto page = second->list({}, 1000);
      // What was there once stays there.
      failed += page.ok() && page->calls.size() >= seen ? 0 : 1;
      if (page.ok()) seen = page->calls.size();
    }
  });
  for (std::thread& thread : threads) thread.join();
  writing = false;
  reader.join();
  EXPECT_EQ(failed, 0);
  auto all = store_->list({}, 1000);
  ASSERT_TRUE(all.ok());
  std::set<int64_t> times;
  for (const Call& call : all->calls) times.insert(call.time_ms);
  EXPECT_EQ(times.size(), static_cast<size_t>(kWriters * kCalls));
}

}  // namespace
}  // namespace understudy
