// understudy mine: the tasks among the calls of the ledger.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/calls_filter.h"
#include "app/commands.h"
#include "app/home.h"
#include "app/loop_models.h"
#include "app/mine_ledger.h"
#include "app/scan_report.h"
#include "flywheel/ladder.h"
#include "flywheel/topics.h"
#include "text/utf8.h"

namespace understudy {
namespace {

struct Options {
  MineOptions mine;
  bool json = false;
};

// What the others are about, if there is a model to tell.
Result<std::vector<Topic>> topics_of(const MinedLedger& mined) {
  if (!may_have_topics(mined.mining)) return std::vector<Topic>();
  Models models = models_of_user();
  const auto embedder = models.embedder(kLadderEmbedder);
  if (!embedder.ok()) {
    if (embedder.error().code != ErrorCode::not_found) return embedder.error();
    fmt::print(stderr, "Calls without a task are not grouped by meaning: {}\n", embedder.error().message());
    return std::vector<Topic>();
  }
  std::vector<ReadCall> read;
  for (const Call& call : mined.calls) read.push_back(read_call(call));
  return find_topics(mined.mining, mined.calls, read, **embedder);
}

std::string topics_text(const std::vector<Topic>& topics) {
  std::string text;
  for (const Topic& topic : topics) {
    text += text.empty() ? "\nCalls without a task that are about one thing (they stay with the incumbent):\n"
                         : "";
    text += fmt::format("  {:>7} calls, such as: {}\n", topic.calls.size(), one_line(topic.text, 80));
  }
  return text;
}

boost::json::array topics_json(const std::vector<Topic>& topics) {
  boost::json::array all;
  for (const Topic& topic : topics) {
    all.push_back({{"calls", topic.calls.size()}, {"text", topic.text}});
  }
  return all;
}

Status mine_calls(const Options& options) {
  ASSIGN_OR_RETURN(const std::string home, home_directory());
  ASSIGN_OR_RETURN(const auto store, open_ledger_of_user());
  ASSIGN_OR_RETURN(const MinedLedger mined, mine_ledger(*store, home, options.mine));
  ASSIGN_OR_RETURN(const std::vector<Topic> topics, topics_of(mined));
  if (options.json) {
    boost::json::object report = scan_json(mined.figures, mined.mining, mined.assumptions);
    report["new_tasks"] = mined.added;
    report["topics"] = topics_json(topics);
    fmt::print("{}\n", boost::json::serialize(report));
  } else {
    fmt::print("{}{}\n{} new task{}. See: understudy tasks ls\n",
               scan_table(mined.figures, mined.mining, mined.assumptions), topics_text(topics), mined.added,
               mined.added == 1 ? "" : "s");
  }
  return Status();
}

}  // namespace

void add_mine(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("mine", "Find the tasks among the calls of the ledger");
  verb->add_option("--project", options->mine.project, "Calls of this project only");
  verb->add_option("--limit", options->mine.limit, "Newest calls that are looked at")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  verb->add_flag("--again", options->mine.again, "Look at all calls, also at those that have a task");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(
      "Calls that have a task are left alone; the others are compared with the tasks that are known, and "
      "what is left\n"
      "is mined. --again starts afresh, which joins tasks that looked different when there were fewer "
      "calls. Calls without a task are grouped by what they are about, if all-minilm:l6 is here: for you to "
      "look at;\n"
      "they stay with the incumbent.\n\n"
      "Examples:\n"
      "  understudy calls import calls.jsonl && understudy mine\n"
      "  understudy mine --project support --json");
  verb->callback([&action, options] { action = [options] { return mine_calls(*options); }; });
}

}  // namespace understudy
