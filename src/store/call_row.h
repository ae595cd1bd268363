// A Call as a row of the table of calls.
#pragma once

#include <string>

#include "base/result.h"
#include "store/call.h"
#include "store/sqlite.h"

namespace understudy {

// Writes calls inside one transaction of the caller.
class CallWriter {
 public:
  static Result<CallWriter> prepare(SqliteDatabase& database);
  // False if a call of that id or import key is there already. The call must have passed check().
  Result<bool> insert(const Call& call, int64_t recorded_ms);

 private:
  CallWriter(SqliteDatabase& database, SqliteStatement call, SqliteStatement tag)
      : database_(&database), insert_call_(std::move(call)), insert_tag_(std::move(tag)) {}
  SqliteDatabase* database_;
  SqliteStatement insert_call_, insert_tag_;
};

// SELECT of all columns, with or without bodies, of the calls that `conditions` name; its last parameter is the
// limit.
std::string select_calls(std::string_view conditions, bool bodies);
// The row that the statement stands on, but for its tags. Error{corrupt} if it cannot be a call.
Result<Call> read_call(const SqliteStatement& row);

}  // namespace understudy
