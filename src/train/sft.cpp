#include "train/sft.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <chrono>
#include <cmath>
#include <ctime>
#include <numeric>

#include "arch/adapter_file.h"
#include "arch/adapters.h"
#include "base/replace_file.h"
#include "base/sha256.h"
#include "base/thread_pool.h"
#include "train/checkpoint.h"
#include "train/run_folder.h"
#include "train/schedule.h"
#include "train/sft_options.h"
#include "train/sft_rows.h"
#include "train/step_plan.h"

namespace understudy {

namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr double kCheckpointSeconds = 30;  // at most so much work is lost
constexpr int kMeasuredSteps = 5;          // before a limit on time is turned into a number of steps

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

class Trainer {
 public:
  Trainer(const Model& model, std::span<const SftRow> train, std::span<const SftRow> dev,
          const SftOptions& options, const SftRun& run)
      : model_(model), train_(train), dev_(dev), options_(options), run_(run), pool_(run.threads) {}

  Result<SftResult> train();

 private:
  Status begin();
  Status step();
  Status look();
  Status save();
  void fit_into_time();
  bool is_over();
  void count_time();
  double loss_of_dev();
  void tell() const;
  Result<SftResult> finish();

  const Model& model_;
  std::span<const SftRow> train_, dev_;
  const SftOptions& options_;
  const SftRun& run_;
  ThreadPool pool_;
  std::unique_ptr<Workspace, WorkspaceDeleter> workspace_ = make_workspace(pool_);
  const TrainableNetwork* network_ = model_.network().trainable();
  json::object manifest_ = manifest_of(model_, train_, dev_, options_, run_);
  std::unique_ptr<RunFolder> folder_;
  std::vector<PlannedStep> plan_, dev_plan_;
  int steps_per_look_ = 1;

  Adapter adapter_;  // its values are the training's
  TrainingState state_;
  std::vector<float> gradient_;
  SequenceBatch sequences_;
  double fit_seconds_ = 0;  // what the first steps took; 0: the number of steps is fixed
  // Since the start or the last resumption.
  Clock::time_point start_ = Clock::now(), counted_ = start_, saved_ = start_;
  double counted_cpu_ = cpu_seconds();
  int first_step_ = 0;
  int64_t first_tokens_ = 0;
};

Status Trainer::begin() {
  ASSIGN_OR_RETURN(
      adapter_,
      make_adapter(model_.network(),
                   {.rank = options_.rank, .alpha = options_.alpha, .layers = {}, .seed = options_.seed}));
  plan_ = plan_epochs(train_, options_.epochs, options_.tokens_per_step, options_.seed);
  std::vector<uint32_t> order(dev_.size());
  std::iota(order.begin(), order.end(), 0);
  dev_plan_ = plan_pass(dev_, order, 0, options_.tokens_per_step);
  const int looks = options_.epochs * options_.looks_per_epoch, steps = static_cast<int>(plan_.size());
  steps_per_look_ = std::max(1, (steps + looks - 1) / looks);
  gradient_.resize(adapter_.values.size());

  ASSIGN_OR_RETURN(folder_, RunFolder::open(run_.folder, manifest_));
  auto state = read_checkpoint(folder_->checkpoint_path(), adapter_.values.size());
  if (state.ok()) {
    state_ = *std::move(state);
    adapter_.values = std::move(state_.values);
  } else if (state.error().code == ErrorCode::not_found) {
    state_.report.planned_steps = steps;
    state_.moments.first.resize(adapter_.values.size());
    state_.moments.second.resize(adapter_.values.size());
  } else {
    return state.error();
  }
  first_step_ = state_.report.steps;
  first_tokens_ = state_.report.tokens;
  return folder_->cut_log(state_.log_bytes);
}

// One step of the plan: forward, backward, AdamW, a line of the log.
Status Trainer::step() {
  SftReport& report = state_.report;
  const auto begin = Clock::now();
  const PlannedStep& planned = plan_[static_cast<size_t>(report.steps)];
  sequences_.fill(train_, planned.rows);
  std::fill(gradient_.begin(), gradient_.end(), 0.0f);
  const double count = sequences_.answer_tokens();
  const double loss = network_->train_step(sequences_.sequences(), adapter_, static_cast<float>(1 / count),
                                           gradient_, *workspace_) /
                      count;
  const double norm = norm_of(gradient_);
  if (!std::isfinite(loss) || !std::isfinite(norm)) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the loss of step {} is no longer a number", report.steps + 1), run_.folder,
                 "Train again with a lower learning rate"};
  }
  const Schedule schedule{options_.learning_rate, options_.warmup_share, report.planned_steps};
  const float rate = schedule.rate(report.steps);
  adamw_step({.weight_decay = options_.weight_decay}, rate, gradient_, clip_scale(norm, options_.clip),
             state_.moments, adapter_.values);
  if (report.steps == 0) report.first_loss = loss;
  report.last_loss = loss;
  report.steps++;
  report.epochs = planned.epoch + 1;
  report.tokens += sequences_.tokens();
  report.answer_tokens += sequences_.answer_tokens();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (report.steps <= kMeasuredSteps) fit_seconds_ += seconds;
  return folder_->log({{"step", report.steps},
                       {"epoch", report.epochs},
                       {"loss", loss},
                       {"norm", norm},
                       {"learning_rate", decimal(rate)},
                       {"tokens", sequences_.tokens()},
                       {"answer_tokens", sequences_.answer_tokens()},
                       {"seconds", seconds}});
}

// Once, when enough steps were measured: no more steps than fit into max_minutes with their looks at the dev rows.
// A row that is only looked at costs a third of one that is trained on.
void Trainer::fit_into_time() {
  SftReport& report = state_.report;
  if (options_.max_minutes <= 0 || report.steps != kMeasuredSteps || first_step_ != 0) return;
  int64_t dev_tokens = 0;
  for (const SftRow& row : dev_) dev_tokens += computed_tokens(row);
  const double second_a_token = fit_seconds_ / static_cast<double>(report.tokens);
  const double look = second_a_token * static_cast<double>(dev_tokens) / 3;
  const double step = fit_seconds_ / kMeasuredSteps + look / steps_per_look_;
  const double fitting = (options_.max_minutes * 60 - look) / step;
  report.planned_steps = std::clamp(static_cast<int>(fitting), report.steps + 1, report.planned_steps);
}

double Trainer::loss_of_dev() {
  double sum = 0;
  int64_t count = 0;
  for (const PlannedStep& planned : dev_plan_) {
    sequences_.fill(dev_, planned.rows);
    sum += network_->train_step(sequences_.sequences(), adapter_, 0, {}, *workspace_);
    count += sequences_.answer_tokens();
  }
  return sum / static_cast<double>(count);
}

Status Trainer::look() {
  SftReport& report = state_.report;
  const double loss = loss_of_dev();
  report.looks.push_back({report.steps, loss});
  if (!report.best_dev_loss || loss < *report.best_dev_loss) {
    report.best_dev_loss = loss;
    report.best_step = report.steps;
    state_.best = adapter_.values;
  }
  return folder_->log({{"step", report.steps}, {"dev_loss", loss}});
}

void Trainer::count_time() {
  const auto now = Clock::now();
  const double cpu = cpu_seconds();
  state_.report.seconds += std::chrono::duration<double>(now - counted_).count();
  state_.report.cpu_seconds += cpu - counted_cpu_;
  counted_ = now;
  counted_cpu_ = cpu;
}

Status Trainer::save() {
  count_time();
  ASSIGN_OR_RETURN(state_.log_bytes, folder_->sync_log());
  state_.values = std::move(adapter_.values);
  const Status status = write_checkpoint(state_, folder_->checkpoint_path());
  adapter_.values = std::move(state_.values);
  saved_ = Clock::now();
  return status;
}

bool Trainer::is_over() {
  SftReport& report = state_.report;
  count_time();
  const auto since_best = std::count_if(report.looks.begin(), report.looks.end(),
                                        [&](const SftLook& look) { return look.step > report.best_step; });
  if (report.steps >= report.planned_steps) {
    report.ended = report.steps < static_cast<int>(plan_.size()) ? "max_minutes" : "all steps";
  } else if (options_.max_minutes > 0 && report.seconds >= options_.max_minutes * 60) {
    report.ended = "max_minutes";
  } else if (options_.patience > 0 && since_best >= options_.patience) {
    report.ended = "patience";
  }
  return !report.ended.empty();
}

void Trainer::tell() const {
  if (!run_.on_progress) return;
  const SftReport& report = state_.report;
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  SftProgress progress{
      report.steps, report.planned_steps, report.epochs, options_.epochs, report.last_loss, {}, 0, 0};
  if (!report.looks.empty()) progress.dev_loss = report.looks.back().dev_loss;
  progress.tokens_per_second = static_cast<double>(report.tokens - first_tokens_) / seconds;
  progress.seconds_left = seconds / (report.steps - first_step_) * (report.planned_steps - report.steps);
  run_.on_progress(progress);
}

Result<SftResult> Trainer::finish() {
  if (!state_.best.empty()) {
    adapter_.values = state_.best;
  } else {
    state_.report.best_step = state_.report.steps;
  }
  ASSIGN_OR_RETURN(const std::string bytes,
                   adapter_bytes(adapter_, model_.network(), model_.digest(), json::serialize(manifest_)));
  RETURN_IF_ERROR(replace_file(folder_->adapter_path(), bytes));
  return SftResult{std::move(adapter_), folder_->adapter_path(), sha256_hex(bytes), std::move(state_.report)};
}

Result<SftResult> Trainer::train() {
  if (network_ == nullptr) {
    return Error{ErrorCode::unsupported,
                 fmt::format("models of the architecture {} cannot be trained", model_.architecture()), "",
                 ""};
  }
  RETURN_IF_ERROR(begin());
  SftReport& report = state_.report;
  while (report.ended.empty()) {
    if (run_.cancelled != nullptr && run_.cancelled->load()) {
      RETURN_IF_ERROR(save());
      return Error{
          ErrorCode::cancelled,
          fmt::format("training was stopped after step {} of {}", report.steps, report.planned_steps),
          run_.folder, "The same command goes on from there"};
    }
    RETURN_IF_ERROR(step());
    fit_into_time();
    const bool is_last = report.steps >= report.planned_steps;
    const bool looks = !dev_.empty() && (is_last || report.steps % steps_per_look_ == 0);
    if (looks) RETURN_IF_ERROR(look());
    const bool over = is_over();
    if (over && !dev_.empty() && !looks) RETURN_IF_ERROR(look());  // the time was up between two looks
    const double unsaved = std::chrono::duration<double>(Clock::now() - saved_).count();
    if (over || unsaved >= kCheckpointSeconds) RETURN_IF_ERROR(save());
    tell();
  }
  return finish();
}

}  // namespace

Result<SftResult> train_sft(const Model& model, std::span<const SftRow> train, std::span<const SftRow> dev,
                            const SftOptions& options, const SftRun& run) {
  RETURN_IF_ERROR(check_options(options));
  RETURN_IF_ERROR(check_rows(model, train, "training row"));
  RETURN_IF_ERROR(check_rows(model, dev, "dev row"));
  if (train.empty()) return Error{ErrorCode::invalid_argument, "there are no rows to train on", "", ""};
  return Trainer(model, train, dev, options, run).train();
}

}  // namespace understudy
