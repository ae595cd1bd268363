#include "store/call_formats/reader.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/sha256.h"
#include "store/call_id.h"
#include "store/field_check.h"
#include "store/limits.h"

namespace understudy {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF", kBlanks = " \t\r";

// SHA-256 of what makes a row this row. Each part's length goes in front of it, so that no two rows look alike.
std::string key_of(const Call& call) {
  std::string text;
  for (const std::string* part : {&call.session, &call.model, &call.request, &call.response}) {
    text += fmt::format("{}:{},", part->size(), *part);
  }
  return "sha256:" + sha256_hex(text + fmt::format("{}", call.time_ms));
}

const CallFormat* format_of(const boost::json::object& row) {
  for (const CallFormat* format : call_formats()) {
    if (format->matches(row)) return format;
  }
  return nullptr;
}

Error unknown_form(char first) {
  return {ErrorCode::invalid_argument, first == '[' ? "a JSON array" : "a row of no known form", "",
          first == '[' ? "Write one object a line: jq -c '.[]' FILE"
                       : "Known: understudy calls import --help; say which it is with --format"};
}

}  // namespace

Result<CallReader> CallReader::open(const std::string& path, const std::string& format) {
  const CallFormat* known = nullptr;
  if (!format.empty()) {
    ASSIGN_OR_RETURN(known, call_format_named(format));
  }
  ASSIGN_OR_RETURN(LineReader lines, LineReader::open(path));
  return CallReader(std::move(lines), path, known);
}

Result<std::optional<Call>> CallReader::read_line(std::string_view line) {
  ASSIGN_OR_RETURN(const boost::json::value value, parse_json(line));
  const boost::json::object* row = value.if_object();
  if (row == nullptr) return unknown_form(line[0]);
  const CallFormat* format = format_ != nullptr ? format_ : format_of(*row);
  if (format == nullptr) return unknown_form('{');
  ASSIGN_OR_RETURN(std::optional<Call> call, format->read(*row));
  if (!call) return call;
  call->error = made_field(call->error);
  if (call->id.empty()) {
    if (call->import_key.empty()) call->import_key = key_of(*call);
    call->id = new_call_id(call->time_ms);
  }
  RETURN_IF_ERROR(check(*call));
  return call;
}

Result<std::optional<Call>> CallReader::next() {
  while (!failed_) {
    auto found = lines_.next(line_);
    if (!found.ok()) {
      failed_ = true;
      return found.error();
    }
    if (*found == LineReader::Found::end) break;
    const std::string where = fmt::format("{}, line {}", path_, lines_.line_number());
    if (*found == LineReader::Found::too_long) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("the line is longer than {} MB", kMaxLineBytes >> 20), where,
                   "Rows are JSON objects, one a line"};
    }
    std::string_view line = line_;
    if (lines_.line_number() == 1 && line.starts_with(kByteOrderMark))
      line.remove_prefix(kByteOrderMark.size());
    const size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) continue;
    auto call = read_line(line.substr(begin));
    if (!call.ok()) {
      Error error = call.error();
      error.where = error.where.empty() ? where : where + ", " + error.where;
      return error;
    }
    if (*call) return call;
    ++other_rows_;
  }
  return std::optional<Call>();
}

}  // namespace understudy
