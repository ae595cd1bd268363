// Curation: from the calls of a task to a dataset (P2, P3).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "flywheel/dataset.h"

namespace understudy {

struct CurateOptions {
  size_t sealed_rows = 775;  // wanted; at most kMaxSealedShare of the groups
  double dev_share = 0.15;   // of the groups
  double benchmark_share = 0.1;
  double jaccard = 0.8;  // of 5-grams, from which inputs are alike
  // Time order, where time is real: the oldest groups train, the newest are sealed. Otherwise groups are dealt out
  // class by class, in the order of a hash.
  bool by_time = false;
  uint64_t seed = 0;
};

inline constexpr double kMaxSealedShare = 0.35;

struct CuratedDataset {
  Dataset dataset;
  std::vector<DatasetRow> sealed;  // for write_dataset
};

// Rows are the calls that match `task`:
// - the target is a person's answer if there is one (a call of origin person that answers it, or `labels`, by call id)
//   and otherwise the incumbent's; a local answer never is;
// - the teacher is the model that gave most of the incumbent's answers; answers of others, answers that are not of the
//   task's form, and labels that cannot be, are left out and counted;
// - calls with equal input (normalised) become one row with the answer of most of them, a person's before others;
//   inputs with several answers are reported;
// - rows that are alike (near_duplicates.h), or whose calls share a tag "group:...", are one group; a group is in one
//   split, and has one row in dev, benchmark and sealed.
// Errors are invalid_argument and say what is missing: no rows, fewer than kMinCalls groups, one answer only.
Result<CuratedDataset> curate(const Task& task, std::span<const Call> calls,
                              const std::map<std::string, std::string>& labels,
                              const CurateOptions& options = {});

}  // namespace understudy
