#include "train/sft.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "arch/adapter_file.h"
#include "engine/testing/golden_model.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

// Answers follow from the prompt's first token; prompts of many lengths.
std::vector<SftRow> rows(size_t count, uint32_t seed) {
  std::vector<SftRow> made;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t draw = (seed + i) * 2654435761u, kind = draw >> 30;
    SftRow row{{static_cast<TokenId>(10 + kind)}, {}};
    for (uint32_t t = 0; t < 3 + (draw >> 8) % 30; t++)
      row.prompt.push_back(static_cast<TokenId>(100 + (draw >> (t % 20)) % 300));
    row.answer = {static_cast<TokenId>(20 + kind), static_cast<TokenId>(30 + 2 * kind), 2};
    made.push_back(std::move(row));
  }
  return made;
}

class SftTest : public testing::Test {
 protected:
  void SetUp() override { folder_ = fs::path(testing::TempDir()) / ("sft_" + std::to_string(::getpid())); }
  void TearDown() override { fs::remove_all(folder_); }

  static std::shared_ptr<const Model> load(const std::string& family) {
    auto model = Model::from_file(read_golden(golden_path(family)).file);
    EXPECT_TRUE(model.ok());
    return *model;
  }

  std::string folder(const std::string& name) const {
    fs::create_directories(folder_);
    return (folder_ / name).string();
  }

  Result<SftResult> train(const std::string& name, const SftOptions& options, SftRun run = {}) const {
    run.folder = folder(name);
    run.threads = run.threads == 0 ? 2 : run.threads;
    return train_sft(*model_, train_, dev_, options, run);
  }

  // Until `steps` are done.
  void train_until(const std::string& name, const SftOptions& options, int steps) const {
    std::atomic<bool> cancelled{false};
    SftRun run;
    run.cancelled = &cancelled;
    run.on_progress = [&](const SftProgress& progress) { cancelled = progress.step >= steps; };
    const auto result = train(name, options, run);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  }

  // The same in a process of its own, which is killed after `steps`: what it had not saved is lost.
  void train_and_kill(const std::string& name, const SftOptions& options, int steps) const {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      SftRun run;
      run.on_progress = [&](const SftProgress& progress) {
        if (progress.step >= steps) ::raise(SIGKILL);
      };
      (void)train(name, options, run);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }

  static SftOptions options() {
    return {
        .rank = 4, .alpha = 8, .learning_rate = 0.01f, .epochs = 3, .tokens_per_step = 200, .patience = 0};
  }

  fs::path folder_;
  std::shared_ptr<const Model> model_ = load("llama");
  std::vector<SftRow> train_ = rows(60, 1), dev_ = rows(20, 1000);
};

TEST_F(SftTest, LearnsItsRows) {
  SftOptions longer = options();
  longer.epochs = 8;
  std::vector<SftProgress> seen;
  SftRun run;
  run.on_progress = [&](const SftProgress& progress) { seen.push_back(progress); };
  const auto result = train("run", longer, run);
  ASSERT_TRUE(result.ok()) << result.error().message();
  const SftReport& report = result->report;
  EXPECT_GT(report.first_loss, 4);  // about log(512)
  EXPECT_LT(*report.best_dev_loss, 4);
  EXPECT_EQ(report.ended, "all steps");
  EXPECT_EQ(report.steps, report.planned_steps);
  EXPECT_EQ(report.looks.size(), 8u);
  EXPECT_EQ(report.answer_tokens, 8 * 60 * 3);
  ASSERT_EQ(seen.size(), static_cast<size_t>(report.steps));
  EXPECT_EQ(seen.back().step, report.steps);
  EXPECT_EQ(seen.back().epoch, 8);
  EXPECT_GT(seen.back().tokens_per_second, 0);

  const std::string bytes = text_of(result->path);
  const auto file =
      read_adapter(std::as_bytes(std::span(bytes)), result->path, model_->network(), model_->digest());
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->digest, result->digest);
  EXPECT_EQ(file->adapter.values, result->adapter.values);
}

TEST_F(SftTest, KeepsWhatTheRankIsPaddedWithAtZero) {
  const auto result = train("run", options());
  ASSERT_TRUE(result.ok());
  int trained = 0;
  for (const AdapterPair& pair : result->adapter.pairs) {
    for (int k = 0; k < pair.inputs; k++) {
      const float* row = &result->adapter.values[pair.a + static_cast<size_t>(k * pair.padded_rank())];
      for (int r = 4; r < pair.padded_rank(); r++) ASSERT_EQ(row[r], 0);
    }
    const float* b = &result->adapter.values[pair.b];
    for (int i = 4 * pair.outputs; i < pair.padded_rank() * pair.outputs; i++) ASSERT_EQ(b[i], 0);
    for (int i = 0; i < 4 * pair.outputs; i++) trained += b[i] != 0 ? 1 : 0;
  }
  EXPECT_GT(trained, 1000);
}

TEST_F(SftTest, EndsWithTheSameBytesHoweverOftenItWasCutOff) {
  ASSERT_TRUE(train("whole", options()).ok());
  const std::string whole = text_of(folder("whole") + "/adapter.safetensors");
  ASSERT_FALSE(whole.empty());

  train_and_kill("cut", options(), 2);
  train_until("cut", options(), 3);
  EXPECT_FALSE(fs::exists(folder("cut") + "/adapter.safetensors"));
  train_and_kill("cut", options(), 9);  // the log has six lines that the checkpoint does not know
  std::ofstream(folder("cut") + "/checkpoint.part") << "half a checkp";
  train_until("cut", options(), 12);
  std::ofstream(folder("cut") + "/log.jsonl", std::ios::app) << "{\"step\":13,\"lo";
  SftRun run;
  run.threads = 3;
  const auto result = train("cut", options(), run);
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_EQ(text_of(folder("cut") + "/adapter.safetensors"), whole);

  std::stringstream log(text_of(folder("cut") + "/log.jsonl"));
  int steps = 0;
  for (std::string line; std::getline(log, line);) {
    const auto entry = boost::json::parse(line);
    if (!entry.as_object().contains("loss")) continue;
    steps++;
    EXPECT_EQ(entry.at("step").to_number<int>(), steps);
  }
  EXPECT_EQ(steps, result->report.steps);
}

TEST_F(SftTest, ARunThatEndedGivesItsResultAgain) {
  const auto first = train("run", options());
  ASSERT_TRUE(first.ok());
  const std::string bytes = text_of(first->path);
  fs::remove(first->path);  // killed between the last checkpoint and the adapter
  const auto again = train("run", options());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(text_of(again->path), bytes);
  EXPECT_EQ(again->report.steps, first->report.steps);
  EXPECT_EQ(again->report.best_dev_loss, first->report.best_dev_loss);
  EXPECT_EQ(again->report.seconds, first->report.seconds);
}

TEST_F(SftTest, TheBestAdapterIsTheResult) {
  // Dev answers contradict what is trained: the longer it trains, the worse it gets.
  for (SftRow& row : dev_) row.answer = {400, 401, 402};
  SftOptions stops = options();
  stops.epochs = 10;
  stops.patience = 2;
  const auto result = train("run", stops);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->report.ended, "patience");
  EXPECT_LT(result->report.best_step, result->report.steps);
  const auto& looks = result->report.looks;
  EXPECT_EQ(looks[looks.size() - 3].step, result->report.best_step);
}

TEST_F(SftTest, FitsIntoItsTime) {
  const auto probe = train("probe", options());
  ASSERT_TRUE(probe.ok());
  SftOptions limited = options();
  limited.epochs = 1000;
  limited.max_minutes = probe->report.seconds / probe->report.steps;  // 60 steps, on whatever machine
  const auto result = train("run", limited);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->report.ended, "max_minutes");
  EXPECT_GT(result->report.steps, 5);
  EXPECT_LT(result->report.steps, 5000);
  EXPECT_FALSE(result->report.looks.empty());
}

TEST_F(SftTest, RefusesTheFolderOfAnotherRun) {
  train_until("run", options(), 2);
  SftOptions other = options();
  other.learning_rate = 0.02f;
  auto result = train("run", other);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::forbidden);
  EXPECT_EQ(result.error().what, "the folder holds another run: its learning_rate is 0.01, this one's 0.02");
  train_[7].answer[0]++;
  result = train("run", options());
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().what.find("its train_hash is"), std::string::npos);
  fs::create_directory(folder("letters"));
  std::ofstream(folder("letters") + "/a.txt") << "dear";
  result = train("letters", options());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().what, "the folder holds files and no run");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder("letters")), {}), 1);
}

TEST_F(SftTest, RefusesADamagedCheckpoint) {
  train_until("run", options(), 2);
  const std::string path = folder("run") + "/checkpoint", good = text_of(path);
  for (const std::string& bad : {good.substr(0, good.size() / 2), good.substr(0, 3),
                                 good.substr(0, good.size() / 2) + "x" + good.substr(good.size() / 2 + 1)}) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bad;
    const auto result = train("run", options());
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::corrupt);
    EXPECT_EQ(result.error().where, path);
  }
}

TEST_F(SftTest, OneProcessAtATime) {
  SftRun run;
  run.on_progress = [&](const SftProgress& progress) {
    if (progress.step > 1) return;
    const auto second = train("run", options());
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::exhausted);
  };
  EXPECT_TRUE(train("run", options(), run).ok());
}

TEST_F(SftTest, NamesTheRowThatCannotBe) {
  train_[3].answer.clear();
  auto result = train("run", options());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().where, "training row 4");
  train_[3] = train_[2];
  dev_[1].prompt[0] = 512;
  result = train("run", options());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().where, "dev row 2");
  dev_[1].prompt.assign(3000, 7);  // the model was trained with 2,048
  result = train("run", options());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::context_overflow);
  dev_.clear();
  train_.clear();
  EXPECT_FALSE(train("run", options()).ok());
  EXPECT_FALSE(fs::exists(folder("run")));
}

TEST_F(SftTest, RefusesModelsWithoutBackward) {
  model_ = load("lfm2");
  const auto result = train("run", options());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace understudy
