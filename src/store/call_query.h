// A query over the calls: conditions joined by AND, with their values.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace understudy {

class CallQuery {
 public:
  CallQuery() = default;  // all calls
  explicit CallQuery(const CallFilter& filter);

  // A condition without a parameter, or with one.
  void add(std::string_view condition);
  void add(std::string_view condition, std::variant<std::string, int64_t> value);

  // Newest first, with their tags.
  Result<std::vector<Call>> read(SqliteDatabase& database, int limit, Bodies bodies) const;
  // The same from a cursor on; limit from 1 to kMaxPageCalls.
  Result<CallPage> page(SqliteDatabase& database, int limit, const std::string& cursor, Bodies bodies);
  Result<std::vector<std::string>> ids(SqliteDatabase& database, int limit) const;
  Result<int64_t> count(SqliteDatabase& database) const;

 private:
  // Binds the values; returns the number of the parameter after them.
  int bind(SqliteStatement& statement) const;

  std::string conditions_{"1 = 1"};
  std::vector<std::variant<std::string, int64_t>> values_;
};

}  // namespace understudy
