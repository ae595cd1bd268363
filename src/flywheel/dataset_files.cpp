#include "flywheel/dataset_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>

#include "base/json.h"
#include "flywheel/durable_file.h"

namespace understudy {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr char kCard[] = "card.json", kCardText[] = "card.txt", kContract[] = "contract.json";
constexpr char kRows[] = "rows.jsonl", kSealed[] = "sealed.jsonl", kOpened[] = "opened.json";

std::string to_lines(const std::vector<DatasetRow>& rows) {
  std::string lines;
  for (const DatasetRow& row : rows) lines += json::serialize(to_json(row)) + '\n';
  return lines;
}

Result<std::vector<DatasetRow>> read_rows(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path));
  std::vector<DatasetRow> rows;
  size_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    ++number;
    auto row = row_from(std::string_view(text).substr(begin, end - begin));
    if (!row)
      return Error{ErrorCode::corrupt, "this line is no row of a dataset", fmt::format("{}:{}", path, number),
                   ""};
    rows.push_back(std::move(*row));
    begin = end + 1;
  }
  return rows;
}

Result<json::value> read_json(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path));
  return parse_json(text);
}

Status write_files(const Dataset& dataset, const std::vector<DatasetRow>& sealed, const std::string& folder) {
  RETURN_IF_ERROR(write_new_file(folder + '/' + kContract, json::serialize(to_json(dataset.contract))));
  RETURN_IF_ERROR(write_new_file(folder + '/' + kRows, to_lines(dataset.rows)));
  RETURN_IF_ERROR(write_new_file(folder + '/' + kSealed, to_lines(sealed)));
  RETURN_IF_ERROR(write_new_file(folder + '/' + kCardText, card_text(dataset.card)));
  RETURN_IF_ERROR(write_new_file(folder + '/' + kCard, json::serialize(dataset.card)));
  return sync_folder(folder);
}

std::string text_at(const json::value& object, std::string_view key) {
  const json::value* value = object.is_object() ? object.get_object().if_contains(key) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

Status write_dataset(const Dataset& dataset, const std::vector<DatasetRow>& sealed,
                     const std::string& folder) {
  if (fs::exists(folder)) {
    ASSIGN_OR_RETURN(const json::value card, read_json(folder + '/' + kCard));
    if (text_at(card, "dataset") == dataset.hashes.all) return Status();
    return Error{ErrorCode::invalid_argument, "the folder holds something else", folder,
                 "Choose another folder"};
  }
  // The folder appears whole or not at all.
  const std::string unfinished = folder + ".unfinished";
  std::error_code failed;
  fs::remove_all(unfinished, failed);
  fs::create_directories(fs::path(folder).parent_path(), failed);
  if (failed || ::mkdir(unfinished.c_str(), 0700) != 0)
    return system_error("cannot make the folder", unfinished);
  const Status written = write_files(dataset, sealed, unfinished);
  if (written.ok() && ::rename(unfinished.c_str(), folder.c_str()) == 0) {
    return sync_folder(fs::path(folder).parent_path());
  }
  const Status status = written.ok() ? Status(system_error("cannot name the folder", folder)) : written;
  fs::remove_all(unfinished, failed);
  return status;
}

Result<Dataset> read_dataset(const std::string& folder) {
  Dataset dataset;
  ASSIGN_OR_RETURN(const json::value contract, read_json(folder + '/' + kContract));
  ASSIGN_OR_RETURN(dataset.contract, contract_from_json(contract));
  ASSIGN_OR_RETURN(dataset.rows, read_rows(folder + '/' + kRows));
  ASSIGN_OR_RETURN(const json::value card, read_json(folder + '/' + kCard));
  if (!card.is_object())
    return Error{ErrorCode::corrupt, "the card is no JSON object", folder, "Curate again"};
  dataset.card = card.get_object();
  dataset.hashes = {text_at(card, "dataset"), text_at(card, "open_rows_hash"),
                    text_at(card, "sealed_rows_hash")};
  const json::value* rows = dataset.card.if_contains("rows");
  const json::value* sealed =
      rows != nullptr && rows->is_object() ? rows->get_object().if_contains("sealed") : nullptr;
  if (sealed != nullptr && sealed->is_int64()) dataset.sealed_rows = static_cast<size_t>(sealed->get_int64());
  if (hashes_of(dataset.contract, dataset.rows, dataset.hashes.sealed) != dataset.hashes) {
    return Error{ErrorCode::corrupt, "the rows are not those of the card", folder, "Curate again"};
  }
  return dataset;
}

Result<std::vector<DatasetRow>> open_sealed(const std::string& folder, const SealOpening& opening) {
  ASSIGN_OR_RETURN(const Dataset dataset, read_dataset(folder));
  const json::object record{
      {"dataset", dataset.hashes.all}, {"policy", opening.policy_hash}, {"time_ms", opening.time_ms}};
  const std::string path = folder + '/' + kOpened;
  const Status committed = write_new_file(path, json::serialize(record));
  if (!committed.ok() && committed.error().code == ErrorCode::forbidden) {
    const auto before = read_json(path);
    return Error{ErrorCode::forbidden,
                 fmt::format("the sealed rows were opened before, for policy {}; an opened set is spent",
                             before.ok() ? text_at(*before, "policy") : "unknown"),
                 folder, "Curate a new dataset with calls that came since"};
  }
  RETURN_IF_ERROR(committed);
  RETURN_IF_ERROR(sync_folder(folder));
  ASSIGN_OR_RETURN(std::vector<DatasetRow> rows, read_rows(folder + '/' + kSealed));
  if (hashes_of(dataset.contract, dataset.rows, rows) != dataset.hashes) {
    return Error{ErrorCode::corrupt, "the sealed rows are not those of the card", folder, "Curate again"};
  }
  return rows;
}

Result<std::optional<SealOpening>> seal_opening(const std::string& folder) {
  if (!fs::exists(folder + '/' + kOpened)) return std::optional<SealOpening>();
  // A file that is cut off is an opening, too: the crash came while it was written.
  const auto record = read_json(folder + '/' + kOpened);
  SealOpening opening;
  if (record.ok()) opening.policy_hash = text_at(*record, "policy");
  if (record.ok() && record->is_object() && record->get_object().contains("time_ms")) {
    opening.time_ms = record->get_object().at("time_ms").to_number<int64_t>();
  }
  return std::optional<SealOpening>(opening);
}

}  // namespace understudy
