#include "store/call_row.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/sql.h"

namespace understudy {
namespace {

std::optional<std::string_view> null_if_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

// "?, ?, ?": one for each column that a list with commas names.
std::string parameters_of(std::string_view columns) {
  std::string parameters = "?";
  for (const char c : columns) {
    if (c == ',') parameters += ", ?";
  }
  return parameters;
}

}  // namespace

Result<CallWriter> CallWriter::prepare(SqliteDatabase& database) {
  const std::string parameters = parameters_of(fmt::format("{}, {}", sql::kCallColumns, sql::kBodyColumns));
  ASSIGN_OR_RETURN(SqliteStatement call, database.prepare(fmt::format(sql::kInsertCall, sql::kCallColumns,
                                                                      sql::kBodyColumns, parameters)));
  ASSIGN_OR_RETURN(SqliteStatement tag, database.prepare(sql::kInsertTag));
  return CallWriter(database, std::move(call), std::move(tag));
}

Result<bool> CallWriter::insert(const Call& call, int64_t recorded_ms) {
  int at = 0;
  const auto text = [&](const std::string& value) { insert_call_.bind(++at, std::string_view(value)); };
  text(call.id);
  insert_call_.bind(++at, call.time_ms);
  for (const std::string* value : {&call.project, &call.session, &call.task}) text(*value);
  insert_call_.bind(++at, null_if_empty(call.answer_to));
  for (const std::string* value : {&call.endpoint, &call.model}) text(*value);
  insert_call_.bind(++at, name_of(call.origin));
  for (const std::string* value : {&call.route, &call.reason, &call.provider, &call.target_model,
                                   &call.model_hash, &call.adapter_hash}) {
    text(*value);
  }
  insert_call_.bind(++at, int64_t{call.streamed});
  insert_call_.bind(++at, int64_t{call.status});
  for (const auto& value : {call.prompt_tokens, call.completion_tokens, call.cached_tokens}) {
    insert_call_.bind(++at, value);
  }
  for (const auto& value :
       {call.queue_ms, call.first_token_ms, call.total_ms, call.cpu_seconds, call.cost_usd}) {
    insert_call_.bind(++at, value);
  }
  text(call.error);
  insert_call_.bind(++at, null_if_empty(call.import_key));
  insert_call_.bind_blob(++at, call.request);
  insert_call_.bind_blob(++at, call.response);
  insert_call_.bind(++at, recorded_ms);
  RETURN_IF_ERROR(insert_call_.run());
  if (database_->changes() == 0) return false;

  for (size_t i = 0; i < call.tags.size(); ++i) {
    insert_tag_.bind(1, std::string_view(call.id)).bind(2, static_cast<int64_t>(i));
    RETURN_IF_ERROR(insert_tag_.bind(3, std::string_view(call.tags[i])).run());
  }
  return true;
}

std::string select_calls(std::string_view conditions, bool bodies) {
  return fmt::format(sql::kReadCalls, sql::kCallColumns, bodies ? sql::kBodyColumns : sql::kNoBodies,
                     conditions);
}

Result<Call> read_call(const SqliteStatement& row) {
  Call call;
  int at = 0;
  call.id = row.text(at++);
  call.time_ms = row.integer(at++);
  for (std::string* value :
       {&call.project, &call.session, &call.task, &call.answer_to, &call.endpoint, &call.model}) {
    *value = row.text(at++);
  }
  const auto origin = origin_named(row.bytes(at++));
  if (!origin) return Error{ErrorCode::corrupt, "the call has no origin", call.id, ""};
  call.origin = *origin;
  for (std::string* value : {&call.route, &call.reason, &call.provider, &call.target_model, &call.model_hash,
                             &call.adapter_hash}) {
    *value = row.text(at++);
  }
  call.streamed = row.integer(at++) != 0;
  call.status = static_cast<int>(row.integer(at++));
  for (auto* value : {&call.prompt_tokens, &call.completion_tokens, &call.cached_tokens}) {
    *value = row.optional_integer(at++);
  }
  for (auto* value :
       {&call.queue_ms, &call.first_token_ms, &call.total_ms, &call.cpu_seconds, &call.cost_usd}) {
    *value = row.optional_real(at++);
  }
  for (std::string* value : {&call.error, &call.import_key, &call.request, &call.response}) {
    *value = row.text(at++);
  }
  return call;
}

}  // namespace understudy
