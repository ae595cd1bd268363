// The ladder: which specialists are tried, smallest first, and how one rung is made and judged on dev.
#pragma once

#include <span>
#include <string>

#include "eval/threshold.h"
#include "flywheel/dataset.h"
#include "flywheel/models.h"
#include "flywheel/policy_rows.h"
#include "flywheel/specialise.h"
#include "flywheel/specialist_files.h"
#include "flywheel/specialist_head.h"

namespace understudy {

// The embedding model of heads and domain gates.
inline constexpr const char* kLadderEmbedder = "all-minilm:l6";

struct Rung {
  std::string_view name;   // as a user writes it
  std::string_view model;  // embedder or base model
  bool is_head = false;
  double min_minutes = 0;  // it is left out when there are fewer for training
};
std::span<const Rung> ladder();

// The dataset with its embedded rows, which all rungs share.
struct LadderRows {
  const Dataset* dataset = nullptr;
  std::string dataset_folder;      // inside home
  EmbeddedSplit train, dev;        // every row that the embedder reads
  std::vector<DatasetRow> judged;  // dev rows that count (policy_rows.h)
  std::vector<DatasetRow> benchmark;
  Truth truth = Truth::agreement;
  Margin margin;
};

struct LadderWork {
  double minutes = 0;  // for this rung
  OnProgress on_progress;
  const std::atomic<bool>* cancelled = nullptr;
};

// Makes the specialist in `folder` (which is there), chooses tau on dev and writes its manifest last.
Result<SpecialistManifest> climb(const Rung& rung, const LadderRows& rows, const std::string& folder,
                                 Models& models, const LadderWork& work);

// "{n, right, low, high, local, policy_right, incumbent_right, p50_ms}" of graded rows at tau.
boost::json::object figures_of(std::span<const PolicyRow> rows, std::optional<double> tau);

}  // namespace understudy
