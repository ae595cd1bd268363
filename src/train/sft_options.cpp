#include "train/sft_options.h"

#include <fmt/format.h>

#include "train/sft_rows.h"

namespace understudy {

double decimal(float value) { return std::stod(fmt::format("{}", value)); }

boost::json::object manifest_of(const Model& model, std::span<const SftRow> train,
                                std::span<const SftRow> dev, const SftOptions& options, const SftRun& run) {
  return {{"format", "understudy sft run 1"},
          {"base_digest", model.digest()},
          {"numerics", model.network().numerics()},
          {"train_hash", hash_of(train)},
          {"dev_hash", hash_of(dev)},
          {"groups_hash", run.groups_hash},
          {"train_rows", train.size()},
          {"dev_rows", dev.size()},
          {"rank", options.rank},
          {"alpha", decimal(options.alpha)},
          {"learning_rate", decimal(options.learning_rate)},
          {"weight_decay", decimal(options.weight_decay)},
          {"clip", decimal(options.clip)},
          {"warmup_share", decimal(options.warmup_share)},
          {"epochs", options.epochs},
          {"tokens_per_step", options.tokens_per_step},
          {"looks_per_epoch", options.looks_per_epoch},
          {"patience", options.patience},
          {"max_minutes", options.max_minutes},
          {"seed", options.seed}};
}

Status check_options(const SftOptions& options) {
  const auto refuse = [](const char* what, const char* where) {
    return Error{ErrorCode::invalid_argument, what, where, ""};
  };
  if (!(options.learning_rate > 0) || options.learning_rate > 1)
    return refuse("expected a learning rate above 0, at most 1", "learning_rate");
  if (!(options.weight_decay >= 0) || options.weight_decay > 1)
    return refuse("expected a weight decay of 0 to 1", "weight_decay");
  if (!(options.clip > 0)) return refuse("expected a largest norm above 0", "clip");
  if (!(options.warmup_share >= 0) || options.warmup_share > 1)
    return refuse("expected a share of 0 to 1", "warmup_share");
  if (options.epochs < 1 || options.epochs > 1000) return refuse("expected 1 to 1000 epochs", "epochs");
  if (options.tokens_per_step < 1) return refuse("expected at least one token a step", "tokens_per_step");
  if (options.looks_per_epoch < 1) return refuse("expected at least one look an epoch", "looks_per_epoch");
  if (options.patience < 0) return refuse("expected 0 or more looks", "patience");
  if (!(options.max_minutes >= 0)) return refuse("expected 0 or more minutes", "max_minutes");
  return Status();
}

}  // namespace understudy
