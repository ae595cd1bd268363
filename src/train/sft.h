// Supervised fine-tuning: an adapter for a frozen, packed model, trained so that each prompt gets its answer. The
// loss is on the answer's tokens alone. Everything that decides the result is in the options and the rows: the
// same rows, options and kernel table give the same adapter bit for bit, whatever the number of threads and
// however often the run was cut off.
//
// A run is a folder:
//   manifest.json        what decides the result: hashes of the rows, base model, options
//   log.jsonl            one line a step, one line a look at the dev rows
//   checkpoint           adapter, moments of AdamW, best adapter so far, position; replaced as a whole
//   adapter.safetensors  the adapter with the least dev loss (arch/adapter_file.h); there once the run ended
// Starting the same run again goes on from the checkpoint; of a run that ended it gives the result.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/model.h"
#include "ops/adapter.h"

namespace understudy {

struct SftRow {
  std::vector<TokenId> prompt;  // at least one token
  std::vector<TokenId> answer;  // at least one token; the last is the end token
};

struct SftOptions {
  int rank = 16;
  float alpha = 32;  // the adapter's scale is alpha / rank
  float learning_rate = 1e-3f;
  float weight_decay = 0.01f;
  float clip = 1.0f;  // largest norm of a step's gradient
  float warmup_share = 0.05f;
  int epochs = 3;
  int tokens_per_step = 2048;  // a step takes rows until the next would exceed it, one at least
  int looks_per_epoch = 1;     // at the dev rows
  int patience = 2;            // looks without a lower dev loss before training ends; 0: never
  double max_minutes = 0;      // 0: no limit; else the number of steps is cut to what fits
  uint64_t seed = 1;
};

struct SftProgress {
  int step = 0, steps = 0;  // done, planned
  int epoch = 0, epochs = 0;
  double loss = 0;                 // nats a token of an answer, of the last step
  std::optional<double> dev_loss;  // of the last look
  double tokens_per_second = 0;    // prompts and answers, since the start or the last resumption
  double seconds_left = 0;         // estimated
};

struct SftRun {
  std::string folder;       // made if it is not there; its parent must be
  std::string groups_hash;  // of the list of groups that the rows come from (dataset.h); may be empty
  int threads = 0;          // 0: all that the process may use
  std::function<void(const SftProgress&)> on_progress;  // after each step, on the caller's thread
  const std::atomic<bool>* cancelled = nullptr;         // looked at between steps
};

struct SftLook {
  int step = 0;
  double dev_loss = 0;  // nats a token of an answer
};

struct SftReport {
  int steps = 0, planned_steps = 0;
  int epochs = 0;  // begun
  int64_t tokens = 0, answer_tokens = 0;
  double first_loss = 0, last_loss = 0;  // of the first and the last step
  std::vector<SftLook> looks;
  int best_step = 0;  // whose adapter is the result
  std::optional<double> best_dev_loss;
  double seconds = 0, cpu_seconds = 0;  // of all parts of the run; CPU time is the whole process's
  std::string ended;                    // "all steps", "patience" or "max_minutes"
};

struct SftResult {
  Adapter adapter;
  std::string path, digest;  // of adapter.safetensors
  SftReport report;
};

// Trains, or goes on, until the end. Without dev rows the last adapter is the result. Errors: invalid_argument
// (rows or options that cannot be, naming the row), unsupported (the model has a block without a backward),
// forbidden (the folder holds another run, naming what differs), corrupt (a damaged checkpoint), cancelled (the
// folder holds a checkpoint from which it goes on), io.
Result<SftResult> train_sft(const Model& model, std::span<const SftRow> train, std::span<const SftRow> dev,
                            const SftOptions& options, const SftRun& run);

}  // namespace understudy
