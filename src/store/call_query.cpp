#include "store/call_query.h"

#include <fmt/format.h>

#include "store/call_id.h"
#include "store/call_row.h"
#include "store/limits.h"
#include "store/sql.h"

namespace understudy {
namespace {

Result<std::vector<std::string>> read_texts(SqliteStatement& statement) {
  std::vector<std::string> texts;
  while (true) {
    ASSIGN_OR_RETURN(const bool is_row, statement.step());
    if (!is_row) break;
    texts.push_back(statement.text(0));
  }
  statement.reset();
  return texts;
}

}  // namespace

CallQuery::CallQuery(const CallFilter& filter) {
  for (const auto& [condition, value] :
       {std::pair{"project = ?", &filter.project}, std::pair{"task = ?", &filter.task},
        std::pair{"model = ?", &filter.model}, std::pair{"session = ?", &filter.session},
        std::pair{"answer_to = ?", &filter.answer_to}}) {
    if (*value) add(condition, **value);
  }
  if (filter.tag) add(sql::kHasTag, *filter.tag);
  if (filter.origin) add("origin = ?", std::string(name_of(*filter.origin)));
  if (filter.status) add("status = ?", int64_t{*filter.status});
  // An id carries its time, and ids have an index.
  if (filter.since_ms) add("id >= ?", first_call_id_of(*filter.since_ms));
  if (filter.until_ms) add("id < ?", first_call_id_of(*filter.until_ms));
  if (filter.recorded_before_ms) add("recorded_ms < ?", *filter.recorded_before_ms);
}

void CallQuery::add(std::string_view condition) { conditions_ += fmt::format(" AND ({})", condition); }

void CallQuery::add(std::string_view condition, std::variant<std::string, int64_t> value) {
  add(condition);
  values_.push_back(std::move(value));
}

int CallQuery::bind(SqliteStatement& statement) const {
  int at = 0;
  for (const auto& value : values_) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      statement.bind(++at, std::string_view(*text));
    } else {
      statement.bind(++at, std::get<int64_t>(value));
    }
  }
  return at + 1;
}

Result<std::vector<Call>> CallQuery::read(SqliteDatabase& database, int limit, Bodies bodies) const {
  ASSIGN_OR_RETURN(SqliteStatement row, database.prepare(select_calls(conditions_, bodies == Bodies::read)));
  ASSIGN_OR_RETURN(SqliteStatement tags, database.prepare(sql::kReadTags));
  row.bind(bind(row), int64_t{limit});
  std::vector<Call> calls;
  while (true) {
    ASSIGN_OR_RETURN(const bool is_row, row.step());
    if (!is_row) return calls;
    ASSIGN_OR_RETURN(Call call, read_call(row));
    tags.bind(1, std::string_view(call.id));
    ASSIGN_OR_RETURN(call.tags, read_texts(tags));
    calls.push_back(std::move(call));
  }
}

Result<CallPage> CallQuery::page(SqliteDatabase& database, int limit, const std::string& cursor,
                                 Bodies bodies) {
  if (limit < 1 || limit > kMaxPageCalls) {
    return Error{ErrorCode::invalid_argument, fmt::format("{}; expected 1 to {}", limit, kMaxPageCalls),
                 "limit", ""};
  }
  if (!cursor.empty()) {
    if (!time_of_call_id(cursor)) return Error{ErrorCode::invalid_argument, "not a cursor", cursor, ""};
    add("id < ?", cursor);
  }
  CallPage page;
  ASSIGN_OR_RETURN(page.calls,
                   read(database, limit + 1, bodies));  // one more tells whether there is a next page
  if (page.calls.size() > static_cast<size_t>(limit)) {
    page.calls.pop_back();
    page.cursor = page.calls.back().id;
  }
  return page;
}

Result<std::vector<std::string>> CallQuery::ids(SqliteDatabase& database, int limit) const {
  ASSIGN_OR_RETURN(SqliteStatement statement, database.prepare(fmt::format(sql::kReadIds, conditions_)));
  statement.bind(bind(statement), int64_t{limit});
  return read_texts(statement);
}

Result<int64_t> CallQuery::count(SqliteDatabase& database) const {
  ASSIGN_OR_RETURN(SqliteStatement statement, database.prepare(fmt::format(sql::kCountCalls, conditions_)));
  bind(statement);
  RETURN_IF_ERROR(statement.step());
  return statement.integer(0);
}

}  // namespace understudy
