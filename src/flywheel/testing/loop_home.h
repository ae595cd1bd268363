// A home folder with a ledger, a mined task and an embedder that counts words: the loop without a model.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/testing/temporary_folder.h"
#include "flywheel/ladder.h"
#include "flywheel/mine.h"
#include "flywheel/models.h"
#include "flywheel/specialise.h"
#include "flywheel/task_files.h"
#include "flywheel/testing/calls.h"
#include "flywheel/tokens.h"
#include "store/call_id.h"
#include "store/store.h"

namespace understudy {

// Words as hashed counts: texts with a word in common are alike.
class WordEmbedder : public TextEmbedder {
 public:
  const std::string& digest() const override { return digest_; }
  size_t width() const override { return kWidth; }
  bool reads(const std::string& text) const override { return !text.empty() && text.size() <= kMaxBytes; }
  Result<std::vector<float>> embed(std::span<const std::string> texts) override {
    embedded += texts.size();
    std::vector<float> values;
    for (const std::string& text : texts) {
      std::vector<float> row(kWidth, 0);
      for (const Token& token : tokens_of(text)) {
        if (text[token.begin] != ' ') row[mix(token.hash, 7) % kWidth] += 1;
      }
      float square = 0;
      for (const float value : row) square += value * value;
      for (const float value : row) values.push_back(value / std::sqrt(std::max(square, 1e-6F)));
    }
    return values;
  }

  static constexpr size_t kMaxBytes = 400;
  std::atomic<size_t> embedded = 0;  // texts so far

 private:
  static constexpr size_t kWidth = 128;
  std::string digest_ = std::string(64, 'e');
};

struct LoopHome {
  static constexpr const char* kLabels[] = {"refund", "fees", "loan"};

  LoopHome()
      : models([](const std::string& name) -> Result<ModelLocation> {
          return Error{ErrorCode::not_found, "there is no model " + name, "", ""};
        }) {
    auto opened = Store::open(folder.file("understudy.db"));
    EXPECT_TRUE(opened.ok());
    store = std::move(*opened);
    models.put(kLadderEmbedder, embedder);
  }

  std::string home() const { return folder.file("home"); }

  static Turns turns(const std::string& text) {
    return {{"system", "Sort the message into refund, fees or loan. Answer with one label and nothing else."},
            {"user", "Message: " + text}};
  }
  static std::string text(size_t number) { return sentence(number * 131); }
  // Decided by who the sentence is about: the first of its words, of which 12 there are.
  static std::string right(size_t number) { return kLabels[(number + 1) % 3]; }

  // `count` calls; every `wrong_every`-th is answered wrongly (0: none), all labelled if `labelled`. Mines the task.
  void record(size_t count, size_t wrong_every, bool labelled,
              const std::function<std::string(size_t)>& right_of = right) {
    std::vector<Call> calls;
    for (size_t i = 0; i < count; ++i) {
      const bool wrong = wrong_every != 0 && i % wrong_every == 0;
      Call call = chat_call(turns(text(i)), wrong ? right_of(i + 1) : right_of(i));
      call.id = new_call_id(call.time_ms);
      call.cost_usd = 0.002;
      call.total_ms = 600;
      calls.push_back(std::move(call));
    }
    record(calls);
    for (size_t i = 0; labelled && i < count; ++i) {
      Feedback feedback;
      feedback.call_id = calls[i].id;
      feedback.label = right_of(i);
      EXPECT_TRUE(store->add_feedback(feedback).ok());
    }
  }

  void record(const std::vector<Call>& calls) {
    ASSERT_TRUE(store->import(calls).ok());
    const std::span<const Call> some(calls.data(), std::min<size_t>(calls.size(), 120));
    std::vector<ReadCall> read;
    for (const Call& call : some) read.push_back(read_call(call));
    const Mining mining = mine(some, read);
    ASSERT_EQ(mining.tasks.size(), 1U);
    task = mining.tasks[0];
    ASSERT_TRUE(write_task({task, 1}, home() + "/tasks").ok());
  }

  SpecialiseRequest request() const {
    SpecialiseRequest request;
    request.home = home();
    request.task = task.key().substr(0, 12);
    request.rungs = {"head"};
    return request;
  }

  TemporaryFolder folder;
  std::unique_ptr<Store> store;
  std::shared_ptr<WordEmbedder> embedder = std::make_shared<WordEmbedder>();
  Models models;
  Task task;
};

}  // namespace understudy
