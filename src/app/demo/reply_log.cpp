#include "app/demo/reply_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/file_descriptor.h"
#include "base/json.h"
#include "flywheel/answer.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr size_t kShownBytes = 200;

// What the gateway says of an answer.
constexpr const char* kCallHeader = "x-understudy-call-id";
constexpr const char* kRouteHeader = "x-understudy-route";
constexpr const char* kReasonHeader = "x-understudy-reason";
constexpr const char* kLocalRoute = "local";

// The text of a stream of server-sent events: the pieces of its first choice.
std::string streamed_text(std::string_view body) {
  constexpr std::string_view kData = "data: ";
  std::string text;
  while (!body.empty()) {
    std::string_view line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(line.size() + 1, body.size()));
    if (!line.starts_with(kData)) continue;
    const auto chunk = parse_json(line.substr(kData.size(), line.find_last_not_of('\r') + 1 - kData.size()));
    if (!chunk.ok()) continue;  // [DONE]
    json::error_code code;
    const json::value* piece = chunk->find_pointer("/choices/0/delta/content", code);
    if (piece != nullptr && piece->is_string()) text += piece->get_string();
  }
  return text;
}

std::string header(const IncomingReply& reply, const std::string& name) {
  const auto found = reply.headers.find(name);
  return found != reply.headers.end() ? found->second : "";
}

json::object line_of(size_t number, const LoggedReply& reply) {
  return {{"call", number},       {"id", reply.call_id},    {"text", reply.text},
          {"local", reply.local}, {"reason", reply.reason}, {"ms", reply.total_ms}};
}

// One line of the file; nullopt if it is none.
std::optional<std::pair<size_t, LoggedReply>> read_line(std::string_view line) {
  const auto value = parse_json(line);
  const json::object* row = value.ok() ? value->if_object() : nullptr;
  if (row == nullptr) return std::nullopt;
  const auto text = [&](std::string_view key) {
    const json::value* member = row->if_contains(key);
    return member != nullptr && member->is_string() ? std::string(member->get_string()) : "";
  };
  const json::value* number = row->if_contains("call");
  const json::value* local = row->if_contains("local");
  const json::value* ms = row->if_contains("ms");
  if (number == nullptr || !number->is_int64() || number->get_int64() < 0 || local == nullptr ||
      !local->is_bool() || ms == nullptr || !ms->is_number()) {
    return std::nullopt;
  }
  return std::pair(
      static_cast<size_t>(number->get_int64()),
      LoggedReply{text("id"), text("text"), local->get_bool(), text("reason"), ms->to_number<double>()});
}

}  // namespace

Result<LoggedReply> read_reply(const IncomingReply& reply) {
  if (reply.status == 0) return Error{ErrorCode::io, "a call got no answer: " + reply.error, "", ""};
  if (reply.status != 200) {
    return Error{ErrorCode::io,
                 fmt::format("a call was answered with status {}: {}", reply.status,
                             reply.body.substr(0, kShownBytes)),
                 "", ""};
  }
  LoggedReply logged;
  logged.call_id = header(reply, kCallHeader);
  logged.local = header(reply, kRouteHeader) == kLocalRoute;
  logged.reason = header(reply, kReasonHeader);
  logged.total_ms = reply.total_ms;
  const bool streamed = header(reply, "content-type").starts_with("text/event-stream");
  logged.text = streamed ? streamed_text(reply.body) : read_answer(reply.body).raw;
  return logged;
}

Result<ReplyLog> ReplyLog::open(const std::string& path) {
  ReplyLog log;
  log.path_ = path;
  std::stringstream bytes;
  if (std::ifstream in(path, std::ios::binary); in) bytes << in.rdbuf();
  const std::string text = std::move(bytes).str();
  size_t whole = 0;
  for (size_t number = 1, end; (end = text.find('\n', whole)) != std::string::npos;
       whole = end + 1, ++number) {
    auto row = read_line(std::string_view(text).substr(whole, end - whole));
    if (!row)
      return Error{ErrorCode::corrupt, "a line is no reply of the demo", fmt::format("{}:{}", path, number),
                   "Start over with --fresh"};
    log.replies_.insert_or_assign(row->first, std::move(row->second));
  }
  std::error_code code;
  if (whole < text.size()) std::filesystem::resize_file(path, whole, code);
  log.file_.reset(std::fopen(path.c_str(), "ab"));
  if (code || !log.file_) return system_error("cannot open the file", path);
  return log;
}

Status ReplyLog::add(size_t number, LoggedReply reply) {
  const std::string line = json::serialize(line_of(number, reply)) + '\n';
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() || std::fflush(file_.get()) != 0)
    return system_error("cannot write the file", path_);
  replies_.insert_or_assign(number, std::move(reply));
  return Status();
}

}  // namespace understudy
