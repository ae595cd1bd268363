// From a mined task to a specialist: curate its calls, climb the ladder of models from the smallest, choose on dev.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/margin.h"
#include "eval/proof.h"
#include "flywheel/curate.h"
#include "flywheel/models.h"
#include "store/store.h"

namespace understudy {

// What a proof will ask for, known before minutes are spent.
struct ProofNeeds {
  size_t calls = 0;                                      // of the task, with a usable answer
  size_t train = 0, dev = 0, benchmark = 0, sealed = 0;  // rows
  size_t labelled = 0;                                   // of all rows, those whose answer a person gave
  Truth truth = Truth::agreement;                        // labels once half of dev has them
  double delta = 0, discordant_share = 0;                // the margin, and what is assumed
  int64_t sealed_needed = 0,
          sealed_missing = 0;               // P4; rows that count: the labelled ones where truth is labels
  int64_t dev_needed = 0, dev_missing = 0;  // that a flawless specialist needs for a tau (P7)
};
std::string needs_text(const ProofNeeds& needs);

struct WorkProgress {
  std::string stage;                   // "embedding", "LoRA on smollm2:135m"
  double share = 0;                    // of the stage that is done, in [0, 1]
  std::optional<double> seconds_left;  // of the stage
  std::string detail;                  // "step 12 of 80, loss 0.41"
};
using OnProgress = std::function<void(const WorkProgress&)>;

struct SpecialiseRequest {
  std::string home;  // tasks/, datasets/ and specialists/ are in it
  std::string task;  // key, or its beginning
  Margin margin;
  double max_minutes = 15;         // for training; a rung that does not fit is left out
  std::vector<std::string> rungs;  // of rung_names(); empty: the whole ladder
  CurateOptions curate;            // sealed_rows is set from the margin
  std::function<void(const ProofNeeds&)> on_needs;
  OnProgress on_progress;
  const std::atomic<bool>* cancelled = nullptr;
};

struct RungOutcome {
  std::string rung;      // "linear head on all-minilm:l6"
  std::string folder;    // of the specialist, inside home; "" if it was left out
  std::string left_out;  // why
  bool kept = false;     // finished before, and not made again
  std::string specialist_hash;
  std::optional<double> tau;
  double local_share = 0, discordant_share = 0;  // on dev, at tau
  Share dev_right, benchmark_right;              // standalone: of all rows, at no tau
  double seconds = 0, cpu_seconds = 0;
};

struct SpecialiseReport {
  std::string task;            // its key
  std::string dataset_folder;  // inside home
  ProofNeeds needs;
  std::vector<RungOutcome> rungs;
  std::optional<size_t> chosen;  // into rungs; empty: none answers enough at a tau that holds (choose_rung)
};

// "head", "smollm2:135m", "qwen2.5-coder:0.5b", smallest first.
std::vector<std::string> rung_names();

// Rungs that are finished are kept, and a LoRA run that was cut off goes on, as long as the dataset is the same. Errors:
// not_found (task, model), invalid_argument (too few calls, one answer only, free text, a margin that differs from the one
// that the dataset was sealed with), cancelled; the store is only read, and no folder is left half made.
Result<SpecialiseReport> specialise(const SpecialiseRequest& request, const Store& store, Models& models);

std::string report_text(const SpecialiseReport& report);
boost::json::object to_json(const SpecialiseReport& report);

}  // namespace understudy
