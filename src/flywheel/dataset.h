// Dataset: the rows from which a specialist is trained and proven. Immutable; its hash says exactly which rows they
// are. On disk it is a folder, and its sealed rows are read in one way only (flywheel/dataset_files.h).
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flywheel/task.h"
#include "store/call.h"

namespace understudy {

enum class Split { train, dev, benchmark, sealed };
inline constexpr Split kAllSplits[] = {Split::train, Split::dev, Split::benchmark, Split::sealed};
std::string_view name_of(Split split);

struct DatasetRow {
  std::string call_id;
  Split split = Split::train;
  std::string group;  // 16 hex digits; rows that are alike are in one group, and a group in one split
  Origin origin = Origin::incumbent;  // who gave the target: incumbent or person, never local
  std::vector<std::string> slots;     // the input
  std::string target;                 // the answer as it was sent
  std::string value;                  // the answer as it is compared
  std::string incumbent;              // what the incumbent answered, as it is compared; "" if it did not
  int64_t time_ms = 0;
  size_t traffic = 1;  // calls that this row stands for
};

// SHA-256 (hex).
struct DatasetHashes {
  std::string all;     // of the contract and the two below
  std::string open;    // of the rows but the sealed ones, in any order
  std::string sealed;  // of the sealed rows
  friend bool operator==(const DatasetHashes&, const DatasetHashes&) = default;
};

struct Dataset {
  Contract contract;
  std::vector<DatasetRow> rows;  // train, dev, benchmark
  size_t sealed_rows = 0;
  DatasetHashes hashes;
  boost::json::object card;  // where it comes from: provenance, counts, what was left out and why
};

DatasetHashes hashes_of(const Contract& contract, std::span<const DatasetRow> open,
                        std::span<const DatasetRow> sealed);
// The same if only the hash of the sealed rows is known.
DatasetHashes hashes_of(const Contract& contract, std::span<const DatasetRow> open,
                        const std::string& sealed_hash);

boost::json::object to_json(const DatasetRow& row);
// nullopt if the line is no row, or says that a local model gave the target.
std::optional<DatasetRow> row_from(std::string_view line);

// The card as text for people.
std::string card_text(const boost::json::object& card);

}  // namespace understudy
