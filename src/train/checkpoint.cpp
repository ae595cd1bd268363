#include "train/checkpoint.h"

#include <boost/json.hpp>
#include <cstring>
#include <filesystem>

#include "base/json.h"
#include "base/mapped_file.h"
#include "base/replace_file.h"
#include "base/sha256.h"

namespace understudy {

namespace {

namespace json = boost::json;

constexpr std::string_view kFormat = "understudy checkpoint 1";
constexpr size_t kHashBytes = 64;  // hex digits

std::string_view bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

std::string hash_of(std::span<const std::string_view> parts) {
  Sha256 hash;
  for (const std::string_view part : parts) hash.update(std::as_bytes(std::span(part)));
  return hash.hex();
}

json::object header_of(const TrainingState& state) {
  const SftReport& report = state.report;
  json::array looks;
  for (const SftLook& look : report.looks) looks.push_back(json::array{look.step, look.dev_loss});
  return {{"format", kFormat},
          {"values", state.values.size()},
          {"has_best", !state.best.empty()},
          {"moment_steps", state.moments.steps},
          {"log_bytes", state.log_bytes},
          {"steps", report.steps},
          {"planned_steps", report.planned_steps},
          {"epochs", report.epochs},
          {"tokens", report.tokens},
          {"answer_tokens", report.answer_tokens},
          {"first_loss", report.first_loss},
          {"last_loss", report.last_loss},
          {"looks", std::move(looks)},
          {"best_step", report.best_step},
          {"best_dev_loss", report.best_dev_loss ? json::value(*report.best_dev_loss) : json::value()},
          {"seconds", report.seconds},
          {"cpu_seconds", report.cpu_seconds},
          {"ended", report.ended}};
}

// What the file's own hash vouches for may be trusted to have its form: only this program writes it.
TrainingState state_of(const json::object& header) {
  const auto integer = [&](const char* key) { return json::value_to<int64_t>(header.at(key)); };
  const auto real = [&](const char* key) { return json::value_to<double>(header.at(key)); };
  TrainingState state;
  SftReport& report = state.report;
  state.moments.steps = integer("moment_steps");
  state.log_bytes = integer("log_bytes");
  report.steps = static_cast<int>(integer("steps"));
  report.planned_steps = static_cast<int>(integer("planned_steps"));
  report.epochs = static_cast<int>(integer("epochs"));
  report.tokens = integer("tokens");
  report.answer_tokens = integer("answer_tokens");
  report.first_loss = real("first_loss");
  report.last_loss = real("last_loss");
  for (const json::value& look : header.at("looks").as_array()) {
    report.looks.push_back({static_cast<int>(look.as_array().at(0).to_number<int64_t>()),
                            look.as_array().at(1).to_number<double>()});
  }
  report.best_step = static_cast<int>(integer("best_step"));
  if (!header.at("best_dev_loss").is_null()) report.best_dev_loss = real("best_dev_loss");
  report.seconds = real("seconds");
  report.cpu_seconds = real("cpu_seconds");
  report.ended = json::value_to<std::string>(header.at("ended"));
  return state;
}

}  // namespace

Status write_checkpoint(const TrainingState& state, const std::string& path) {
  const std::string header = json::serialize(header_of(state)) + "\n";
  std::vector<std::string_view> parts = {header, bytes_of(state.values), bytes_of(state.moments.first),
                                         bytes_of(state.moments.second), bytes_of(state.best)};
  const std::string hash = hash_of(parts);
  parts.push_back(hash);
  return replace_file(path, parts);
}

Result<TrainingState> read_checkpoint(const std::string& path, size_t values) {
  if (!std::filesystem::exists(path)) return Error{ErrorCode::not_found, "there is no checkpoint", path, ""};
  ASSIGN_OR_RETURN(const auto file, MappedFile::open(path));
  const std::string_view bytes(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  const Error damaged{ErrorCode::corrupt, "the checkpoint is damaged", path,
                      "Remove the run's folder to train from the start"};
  if (bytes.size() < kHashBytes) return damaged;
  std::string_view body = bytes.substr(0, bytes.size() - kHashBytes);
  if (hash_of({&body, 1}) != bytes.substr(body.size())) return damaged;
  const size_t line = body.find('\n');
  if (line == std::string_view::npos) return damaged;
  ASSIGN_OR_RETURN(const json::value header, parse_json(body.substr(0, line)));
  const json::value* format = header.is_object() ? header.get_object().if_contains("format") : nullptr;
  if (format == nullptr || *format != json::value(kFormat)) return damaged;
  TrainingState state = state_of(header.get_object());
  body.remove_prefix(line + 1);
  std::vector<std::vector<float>*> arrays = {&state.values, &state.moments.first, &state.moments.second};
  if (header.at("has_best").as_bool()) arrays.push_back(&state.best);
  if (body.size() != arrays.size() * values * sizeof(float)) return damaged;
  for (std::vector<float>* array : arrays) {
    array->resize(values);
    std::memcpy(array->data(), body.data(), values * sizeof(float));
    body.remove_prefix(values * sizeof(float));
  }
  return state;
}

}  // namespace understudy
