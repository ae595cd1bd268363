// A dataset as a folder: card.json, card.txt, contract.json, rows.jsonl and sealed.jsonl, readable by their owner only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "flywheel/dataset.h"

namespace understudy {

// Who opened a seal, and when. An opened set is spent (P6).
struct SealOpening {
  std::string policy_hash;
  int64_t time_ms = 0;
};

// Writes `folder` (0700), which appears whole or not at all. One that holds this dataset is left as it is.
// Error{invalid_argument} if it holds something else, Error{io}.
Status write_dataset(const Dataset& dataset, const std::vector<DatasetRow>& sealed,
                     const std::string& folder);

// All but the sealed rows. Error{not_found}, Error{corrupt} unless the rows have the hash that the card states.
Result<Dataset> read_dataset(const std::string& folder);

// The sealed rows, once: the opening is on the disk before any row is read. Error{forbidden} names the policy that
// opened the set before. Whatever happens after the opening, also a crash, spends the set. Safe against a second
// process that opens at the same time.
Result<std::vector<DatasetRow>> open_sealed(const std::string& folder, const SealOpening& opening);

// The opening of the seal; empty if it is whole.
Result<std::optional<SealOpening>> seal_opening(const std::string& folder);

}  // namespace understudy
