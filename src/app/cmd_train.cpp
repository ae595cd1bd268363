// understudy train sft: an adapter from a file of conversations.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <memory>

#include "app/commands.h"
#include "app/model_store.h"
#include "app/progress.h"
#include "app/training_file.h"
#include "engine/model.h"
#include "train/sft.h"

namespace understudy {
namespace {

struct Options {
  std::string model, data, dev, out;
  double dev_share = 0.1;
  SftOptions sft;
  int threads = 0;
  bool json = false;
};

std::atomic<bool> interrupted{false};

// The first Ctrl-C lets the step end and saves it; a second one ends the program.
void catch_interrupt() {
  struct sigaction action{};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = SA_RESTART | SA_RESETHAND;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

// Redrawn on a terminal; a line now and then elsewhere.
class ProgressLine {
 public:
  void show(const SftProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    const bool last = progress.step == progress.steps;
    if (now < next_ && !last) return;
    next_ = now + (terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10'000));
    std::string line = fmt::format("step {} of {}, epoch {} of {}  loss {:.3f}", progress.step,
                                   progress.steps, progress.epoch, progress.epochs, progress.loss);
    if (progress.dev_loss) line += fmt::format("  dev {:.3f}", *progress.dev_loss);
    line += fmt::format("  {:.0f} tokens/s", progress.tokens_per_second);
    if (!last) line += fmt::format("  {} left", human_seconds(progress.seconds_left));
    fmt::print(stderr, "{}{}{}", terminal_ ? "\r" : "", line, terminal_ ? "\033[K" : "\n");
    is_open_ = terminal_;
    std::fflush(stderr);
  }
  ~ProgressLine() {
    if (is_open_) fmt::print(stderr, "\n");
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool is_open_ = false;
  std::chrono::steady_clock::time_point next_;
};

boost::json::object to_json(const SftResult& result) {
  const SftReport& report = result.report;
  boost::json::array looks;
  for (const SftLook& look : report.looks)
    looks.push_back({{"step", look.step}, {"dev_loss", look.dev_loss}});
  return {{"adapter", result.path},
          {"digest", result.digest},
          {"steps", report.steps},
          {"epochs", report.epochs},
          {"tokens", report.tokens},
          {"answer_tokens", report.answer_tokens},
          {"first_loss", report.first_loss},
          {"last_loss", report.last_loss},
          {"looks", std::move(looks)},
          {"best_step", report.best_step},
          {"best_dev_loss", report.best_dev_loss ? boost::json::value(*report.best_dev_loss) : nullptr},
          {"seconds", report.seconds},
          {"cpu_seconds", report.cpu_seconds},
          {"ended", report.ended}};
}

void print(const SftResult& result) {
  const SftReport& report = result.report;
  fmt::print("{}\n", result.path);
  fmt::print("{} steps, {} epochs, {} tokens ({} of answers) in {}, {} of CPU time\n", report.steps,
             report.epochs, report.tokens, report.answer_tokens, human_seconds(report.seconds),
             human_seconds(report.cpu_seconds));
  fmt::print("loss a token {:.3f} -> {:.3f}", report.first_loss, report.last_loss);
  if (report.best_dev_loss)
    fmt::print(", on dev {:.3f} after step {}", *report.best_dev_loss, report.best_step);
  fmt::print("\n");
}

// Names the line instead of the row.
Error with_line(Error error, const char* what, const std::string& path, const TrainingFile& file) {
  const std::string prefix = std::string(what) + " ";
  if (!error.where.starts_with(prefix)) return error;
  const size_t row = std::stoul(error.where.substr(prefix.size()));
  error.where = fmt::format("{}:{}", path, file.lines[row - 1]);
  return error;
}

Status train(const Options& options) {
  ASSIGN_OR_RETURN(const ModelLocation location, find_model(options.model));
  ASSIGN_OR_RETURN(const auto model, Model::load(location, {.threads = options.threads}));
  if (!model->is_chat())
    fmt::print(stderr, "{} has no chat template: rows are written as plain turns\n", options.model);
  ASSIGN_OR_RETURN(TrainingFile rows, read_training_file(*model, options.data));
  TrainingFile dev;
  if (!options.dev.empty()) {
    ASSIGN_OR_RETURN(dev, read_training_file(*model, options.dev));
  } else {
    dev = split_off(rows, options.dev_share, options.sft.seed);
  }
  fmt::print(stderr, "{} rows to train on, {} to look at\n", rows.rows.size(), dev.rows.size());

  catch_interrupt();
  ProgressLine line;
  const SftRun run{.folder = options.out,
                   .groups_hash = "",
                   .threads = options.threads,
                   .on_progress = [&](const SftProgress& progress) { line.show(progress); },
                   .cancelled = &interrupted};
  const auto result = train_sft(*model, rows.rows, dev.rows, options.sft, run);
  if (!result.ok()) {
    const std::string& dev_path = options.dev.empty() ? options.data : options.dev;
    return with_line(with_line(result.error(), "training row", options.data, rows), "dev row", dev_path, dev);
  }
  if (options.json) {
    fmt::print("{}\n", boost::json::serialize(to_json(*result)));
  } else {
    print(*result);
  }
  return Status();
}

void add_sft(CLI::App& train_verb, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = train_verb.add_subcommand("sft", "Train an adapter on conversations");
  SftOptions& sft = options->sft;
  verb->add_option("MODEL", options->model, "A pulled model or a path")->required();
  verb->add_option("DATA", options->data, "OpenAI fine-tuning JSONL: {\"messages\": [...]} a line")
      ->required();
  verb->add_option("--out", options->out, "Folder of the run, made if it is not there")->required();
  verb->add_option("--dev", options->dev, "JSONL whose loss chooses the best adapter");
  verb->add_option("--dev-share", options->dev_share, "Without --dev: share of DATA that is kept for it")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  verb->add_option("--epochs", sft.epochs, "Passes over the data")->capture_default_str();
  verb->add_option("--max-minutes", sft.max_minutes, "Fewer steps, so that it ends by then; 0: no limit")
      ->capture_default_str();
  verb->add_option("--learning-rate", sft.learning_rate, "The highest")->capture_default_str();
  verb->add_option("--rank", sft.rank, "Of the adapter")->capture_default_str();
  verb->add_option("--alpha", sft.alpha, "The adapter's scale is alpha / rank")->capture_default_str();
  verb->add_option("--tokens-per-step", sft.tokens_per_step, "Rows are added to a step until then")
      ->capture_default_str();
  verb->add_option("--looks", sft.looks_per_epoch, "At the dev rows, an epoch")->capture_default_str();
  verb->add_option("--patience", sft.patience, "Looks without a lower dev loss that end it; 0: never")
      ->capture_default_str();
  verb->add_option("--weight-decay", sft.weight_decay, "Of AdamW")->capture_default_str();
  verb->add_option("--seed", sft.seed, "Of the adapter's first values and the order of rows")
      ->capture_default_str();
  verb->add_option("--threads", options->threads, "0: all that the process may use");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer(
      "The last message of each row is the assistant's; the loss is on its text and end token alone. Ctrl-C "
      "saves, and\n"
      "the same command goes on from there, to the same bytes.\n\n"
      "Examples:\n"
      "  understudy train sft smollm2:135m calls.jsonl --out run\n"
      "  understudy train sft smollm2:135m calls.jsonl --dev dev.jsonl --out run --max-minutes 10 --json");
  verb->callback([&action, options] { action = [options] { return train(*options); }; });
}

}  // namespace

void add_train(CLI::App& app, Action& action) {
  auto* verb = app.add_subcommand("train", "Train an adapter for a model");
  verb->require_subcommand(1);
  add_sft(*verb, action);
}

}  // namespace understudy
