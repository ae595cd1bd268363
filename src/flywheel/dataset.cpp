#include "flywheel/dataset.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <span>

#include "base/json.h"
#include "base/sha256.h"
#include "flywheel/canonical_json.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr size_t kMaxShownAnswers = 100;

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// Independent of their order.
std::string rows_hash(std::span<const DatasetRow> rows) {
  std::vector<std::string> lines;
  for (const DatasetRow& row : rows) lines.push_back(canonical_json(to_json(row)) + '\n');
  std::sort(lines.begin(), lines.end());
  Sha256 sha;
  for (const std::string& line : lines) sha.update(std::as_bytes(std::span(line)));
  return sha.hex();
}

std::string day(const json::object& card, std::string_view key) {
  const json::value* ms = card.if_contains(key);
  if (ms == nullptr || !ms->is_int64() || ms->get_int64() <= 0) return "unknown";
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(ms->get_int64() / 1000)));
}

// "train 1,200, dev 300" of an object of counts; objects inside are added up.
std::string counts(const json::object& object) {
  std::string list;
  for (const auto& [name, count] : object) {
    int64_t sum = count.is_int64() ? count.get_int64() : 0;
    if (count.is_uint64()) sum = static_cast<int64_t>(count.get_uint64());
    if (count.is_object()) {
      for (const auto& each : count.get_object())
        sum += each.value().is_int64() ? each.value().get_int64() : 0;
    }
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", std::string_view(name.data(), name.size()), sum);
  }
  return list.empty() ? "none" : list;
}

json::object object_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : json::object();
}

}  // namespace

std::string_view name_of(Split split) {
  switch (split) {
    case Split::train:
      return "train";
    case Split::dev:
      return "dev";
    case Split::benchmark:
      return "benchmark";
    case Split::sealed:
      return "sealed";
  }
  return "";
}

json::object to_json(const DatasetRow& row) {
  return {{"call", row.call_id},
          {"split", name_of(row.split)},
          {"group", row.group},
          {"origin", name_of(row.origin)},
          {"slots", json::array(row.slots.begin(), row.slots.end())},
          {"target", row.target},
          {"value", row.value},
          {"incumbent", row.incumbent},
          {"time_ms", row.time_ms},
          {"traffic", row.traffic}};
}

std::optional<DatasetRow> row_from(std::string_view line) {
  const auto parsed = parse_json(line);
  const json::object* object = parsed.ok() ? parsed->if_object() : nullptr;
  if (object == nullptr) return std::nullopt;
  DatasetRow row;
  row.call_id = text_at(*object, "call");
  row.group = text_at(*object, "group");
  row.target = text_at(*object, "target");
  row.value = text_at(*object, "value");
  row.incumbent = text_at(*object, "incumbent");
  const std::string split = text_at(*object, "split");
  const auto found = std::find_if(std::begin(kAllSplits), std::end(kAllSplits),
                                  [&](Split each) { return name_of(each) == split; });
  const auto origin = origin_named(text_at(*object, "origin"));
  const json::value* slots = object->if_contains("slots");
  const json::value* time_ms = object->if_contains("time_ms");
  const json::value* traffic = object->if_contains("traffic");
  if (found == std::end(kAllSplits) || !origin || *origin == Origin::local || slots == nullptr ||
      !slots->is_array() || time_ms == nullptr || !time_ms->is_int64() || traffic == nullptr ||
      !traffic->is_int64()) {
    return std::nullopt;
  }
  row.split = *found;
  row.origin = *origin;
  row.time_ms = time_ms->get_int64();
  row.traffic = static_cast<size_t>(traffic->get_int64());
  for (const json::value& slot : slots->get_array()) {
    if (!slot.is_string()) return std::nullopt;
    row.slots.emplace_back(slot.get_string().data(), slot.get_string().size());
  }
  return row;
}

DatasetHashes hashes_of(const Contract& contract, std::span<const DatasetRow> open,
                        std::span<const DatasetRow> sealed) {
  return hashes_of(contract, open, rows_hash(sealed));
}

DatasetHashes hashes_of(const Contract& contract, std::span<const DatasetRow> open,
                        const std::string& sealed_hash) {
  DatasetHashes hashes{"", rows_hash(open), sealed_hash};
  hashes.all = sha256_hex(contract.hash() + '\n' + hashes.open + '\n' + hashes.sealed + '\n');
  return hashes;
}

std::string card_text(const json::object& card) {
  std::string text;
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:<18} {}\n", name, value);
  };
  const auto shown = [&](std::string_view key) {
    const json::value* value = card.if_contains(key);
    if (value == nullptr) return std::string("unknown");
    return value->is_string() ? text_at(card, key) : json::serialize(*value);
  };
  line("dataset", shown("dataset"));
  line("task", shown("task") + "  " + shown("task_title"));
  line("project", text_at(card, "project").empty() ? "(default)" : text_at(card, "project"));
  line("teacher", shown("teacher"));
  line("answers", shown("answer_form") + ", " + shown("distinct_answers") + " different");
  line("recorded", day(card, "first_ms") + " to " + day(card, "last_ms"));
  line("calls",
       shown("calls") + " with " + shown("inputs") + " different inputs in " + shown("groups") + " groups");
  line("rows", counts(object_at(card, "rows")));
  line("targets from", counts(object_at(card, "targets_from")));
  line("left out", counts(object_at(card, "left_out")));
  const json::object conflicts = object_at(card, "conflicts");
  line("conflicts",
       fmt::format("{} inputs have several answers ({} calls, {} of them with another answer than the row)",
                   json::serialize(conflicts.if_contains("inputs") ? conflicts.at("inputs") : 0),
                   json::serialize(conflicts.if_contains("calls") ? conflicts.at("calls") : 0),
                   json::serialize(conflicts.if_contains("calls_with_another_answer")
                                       ? conflicts.at("calls_with_another_answer")
                                       : 0)));
  json::object answers;
  for (const auto& [name, by_split] : object_at(card, "answers")) {
    if (answers.size() < kMaxShownAnswers) answers[name] = by_split;
  }
  if (!answers.empty()) line("rows by answer", counts(answers));
  return text;
}

}  // namespace understudy
