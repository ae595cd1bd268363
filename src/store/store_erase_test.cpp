// Erasure and retention.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/testing/temporary_folder.h"
#include "store/call_id.h"
#include "store/store.h"
#include "store/testing/sample_call.h"

namespace understudy {
namespace {

class EraseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = Store::open(folder_.file("ledger.db"));
    ASSERT_TRUE(store.ok()) << store.error().message();
    store_ = std::move(store.value());
    for (int number = 0; number < 6; ++number) ids_.push_back(store_->append(sample_call(number)).value());
  }
  // Whether the database or its log holds the text.
  bool on_disk(const std::string& text) const {
    for (const auto& file : std::filesystem::directory_iterator(folder_.file(""))) {
      std::ostringstream bytes;
      bytes << std::ifstream(file.path(), std::ios::binary).rdbuf();
      if (bytes.str().find(text) != std::string::npos) return true;
    }
    return false;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
  std::vector<std::string> ids_;
};

TEST_F(EraseTest, TakesAnswersAndFeedbackAlongAndLeavesNoBytes) {
  Feedback feedback;
  feedback.call_id = ids_[1];
  feedback.comment = "a remark about question one";
  feedback.correction = R"("corrected by a person")";
  auto stored = store_->add_feedback(feedback);
  ASSERT_TRUE(stored.ok()) << stored.error().message();
  ASSERT_TRUE(on_disk("question 1") && on_disk("a remark about") && on_disk("corrected by a person"));

  EXPECT_EQ(store_->erase(std::vector{ids_[1]}).value(), 2);  // the call and the person's answer
  EXPECT_FALSE(store_->get(ids_[1]).ok());
  EXPECT_FALSE(store_->get(stored->answer_id).ok());
  EXPECT_TRUE(store_->feedback(ids_[1])->empty());
  CallFilter tagged;
  tagged.tag = "tag-1";
  EXPECT_EQ(store_->count(tagged).value(), 0);
  EXPECT_FALSE(on_disk("question 1"));
  EXPECT_FALSE(on_disk("a remark about"));
  EXPECT_FALSE(on_disk("corrected by a person"));
  EXPECT_FALSE(on_disk("tag-1"));
  EXPECT_TRUE(on_disk("question 2"));
}

TEST_F(EraseTest, BySessionOrProject) {
  CallFilter session;
  session.session = "session-0";
  EXPECT_EQ(store_->erase(session).value(), 2);
  EXPECT_EQ(store_->count({}).value(), 4);
  EXPECT_EQ(store_->erase(session).value(), 0);
  CallFilter project;
  project.project = "support";
  EXPECT_EQ(store_->erase(project).value(), 4);
  EXPECT_EQ(store_->count({}).value(), 0);
}

// More calls than fit into one transaction.
TEST_F(EraseTest, ManyCallsGoInSeveralTransactions) {
  std::vector<Call> calls;
  for (int number = 0; number < 1200; ++number) calls.push_back(sample_call(number));
  ASSERT_TRUE(store_->import(calls).ok());
  EXPECT_EQ(store_->erase(CallFilter()).value(), 1206);
}

// The calls are old, but the store got them now: retention counts from there, or an import would be gone at once.
TEST_F(EraseTest, RetentionCountsFromWhenTheStoreGotTheCall) {
  EXPECT_EQ(store_->delete_older_than(1).value(), 0);
  CallFilter recorded;
  recorded.recorded_before_ms = unix_ms_now() + 1;
  EXPECT_EQ(store_->erase(recorded).value(), 6);
  EXPECT_EQ(store_->delete_older_than(-1).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace understudy
