// Thoughts are told from answers however their text is cut.
#include "gateway/routes/thoughts_sink.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

class Collected final : public CompletionSink {
 public:
  void begin() override {}
  void piece(Piece piece) override {
    text += piece.text;
    reasoning += piece.reasoning;
  }
  void restart(int) override { text = reasoning = ""; }
  void choice_end(int, ChoiceEnd end) override { reason = end.reason; }
  void end(const Usage&) override {}
  void fail(const Error&) override {}

  std::string text, reasoning, reason;
};

struct Parts {
  std::string reasoning, text;
  bool operator==(const Parts&) const = default;
};

Parts told_apart(const std::string& answer, size_t cut, bool begun) {
  CompletionJob job;
  job.prompts.resize(1);
  job.thoughts = Thoughts{begun};
  const auto collected = std::make_shared<Collected>();
  const auto sink = make_thoughts_sink(job, collected);
  sink->piece({0, answer.substr(0, cut), {}, {}, ""});
  sink->piece({0, answer.substr(cut), {}, {}, ""});
  sink->choice_end(0, {"stop", {}, {}});
  EXPECT_EQ(collected->reason, "stop");
  return {collected->reasoning, collected->text};
}

void expect_parts(const std::string& answer, bool begun, const Parts& expected) {
  for (size_t cut = 0; cut <= answer.size(); cut++) {
    const Parts parts = told_apart(answer, cut, begun);
    EXPECT_EQ(parts.reasoning, expected.reasoning) << answer << " cut at " << cut;
    EXPECT_EQ(parts.text, expected.text) << answer << " cut at " << cut;
  }
}

TEST(ThoughtsSink, TellsThoughtsFromTheAnswer) {
  expect_parts("<think>so\nit is</think>\n\nYes.", false, {"so\nit is", "Yes."});
  expect_parts("<think>\n</think>{\"a\":1}", false, {"\n", "{\"a\":1}"});
  expect_parts("so it is</think>\nYes.", true, {"so it is", "Yes."});
  expect_parts("a < b </thin</think>c", true, {"a < b </thin", "c"});
}

TEST(ThoughtsSink, AnswersWithoutThoughtsPass) {
  expect_parts("Yes.", false, {"", "Yes."});
  expect_parts("<thinking about it", false, {"", "<thinking about it"});
  expect_parts("<thi", false, {"", "<thi"});
  expect_parts("", false, {"", ""});
  expect_parts("Say <think>, please", false, {"", "Say <think>, please"});
}

TEST(ThoughtsSink, ThoughtsThatWereCutAreNoAnswer) {
  expect_parts("<think>and so on", false, {"and so on", ""});
  expect_parts("and so on</thi", true, {"and so on</thi", ""});
}

}  // namespace
}  // namespace understudy
