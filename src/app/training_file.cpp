#include "app/training_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "base/json.h"
#include "base/mapped_file.h"
#include "gateway/routes/openai_messages.h"
#include "train/chat_row.h"

namespace understudy {

namespace {

Result<SftRow> read_row(const Model& model, std::string_view line, std::time_t now) {
  ASSIGN_OR_RETURN(const boost::json::value value, parse_json(line));
  const auto* object = value.if_object();
  if (object == nullptr)
    return Error{ErrorCode::invalid_argument, "expected an object with messages", "", ""};
  for (const char* key : {"tools", "functions"}) {
    if (object->contains(key))
      return Error{ErrorCode::unsupported, fmt::format("rows with {} are not trained on yet", key), "", ""};
  }
  ASSIGN_OR_RETURN(const boost::json::array messages, read_messages(object->if_contains("messages")));
  return chat_row(model, messages, now);
}

Result<std::time_t> time_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return Error{ErrorCode::not_found, "there is no such file", path, ""};
  return info.st_mtime;
}

}  // namespace

Result<TrainingFile> read_training_file(const Model& model, const std::string& path) {
  ASSIGN_OR_RETURN(const std::time_t now, time_of(path));
  ASSIGN_OR_RETURN(const auto file, MappedFile::open(path));
  std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  TrainingFile read;
  for (size_t number = 1; !text.empty(); number++) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto row = read_row(model, line, now);
    if (!row.ok()) {
      Error error = row.error();
      if (error.where.starts_with("byte ")) error.what += ", " + error.where;
      error.where = fmt::format("{}:{}", path, number);
      return error;
    }
    read.rows.push_back(*std::move(row));
    read.lines.push_back(number);
  }
  if (read.rows.empty()) return Error{ErrorCode::invalid_argument, "the file has no rows", path, ""};
  return read;
}

TrainingFile split_off(TrainingFile& file, double share, uint64_t seed) {
  const size_t all = file.rows.size();
  size_t count = static_cast<size_t>(std::lround(share * static_cast<double>(all)));
  if (share > 0) count = std::max<size_t>(count, 1);
  count = std::min(count, all - 1);
  std::vector<size_t> order(all);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(seed);
  for (size_t i = all; i > 1; i--) std::swap(order[i - 1], order[random() % i]);
  std::vector<bool> taken(all);
  for (size_t i = 0; i < count; i++) taken[order[i]] = true;
  TrainingFile rest, off;
  for (size_t i = 0; i < all; i++) {
    TrainingFile& to = taken[i] ? off : rest;
    to.rows.push_back(std::move(file.rows[i]));
    to.lines.push_back(file.lines[i]);
  }
  file = std::move(rest);
  return off;
}

}  // namespace understudy
