// SQLite (https://sqlite.org/c3ref/intro.html) as values: a connection, a prepared statement, a transaction.
//
// A connection and its statements belong to one thread at a time. Error codes: corrupt (not a database, or
// damaged), exhausted (disk full, or locked by another process for too long), io (cannot be opened, read or
// written), invalid_argument (a constraint), internal (anything else).
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace understudy {

class SqliteStatement {
 public:
  // The first parameter is 1. Text and blobs are not copied: they must live until the statement has run. An
  // error of a bind is returned by the next step().
  SqliteStatement& bind(int parameter, int64_t value);
  SqliteStatement& bind(int parameter, double value);
  SqliteStatement& bind(int parameter, std::string_view text);
  SqliteStatement& bind_blob(int parameter, std::string_view bytes);
  SqliteStatement& bind_null(int parameter);
  template <typename T>
  SqliteStatement& bind(int parameter, const std::optional<T>& value) {
    return value ? bind(parameter, *value) : bind_null(parameter);
  }

  // True if there is a row, false after the last.
  Result<bool> step();
  // Runs a statement that has no rows, and makes it ready for new parameters.
  Status run();
  void reset();

  // Columns of the row, the first is 0. Views live until the next step() or reset().
  int64_t integer(int column) const;
  std::string_view bytes(int column) const;
  std::string text(int column) const { return std::string(bytes(column)); }
  std::optional<int64_t> optional_integer(int column) const;
  std::optional<double> optional_real(int column) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  SqliteStatement& note(int code);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_error_ = SQLITE_OK;
};

class SqliteDatabase {
 public:
  // The file must exist.
  static Result<SqliteDatabase> open(const std::string& path, int busy_timeout_ms);

  Result<SqliteStatement> prepare(std::string_view sql);
  // Runs one statement or several, separated by semicolons; rows are dropped.
  Status execute(const char* sql);
  // Rows that the last INSERT, UPDATE or DELETE changed, without those of foreign keys.
  int64_t changes() const { return sqlite3_changes64(database_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  explicit SqliteDatabase(sqlite3* database) : database_(database) {}
  friend class SqliteTransaction;

  std::unique_ptr<sqlite3, Close> database_;
};

// All or nothing. Rolled back when it goes out of scope without commit().
class SqliteTransaction {
 public:
  // Takes the right to write at once, so that it cannot fail half-way for want of it.
  static Result<SqliteTransaction> begin(SqliteDatabase& database);
  ~SqliteTransaction();
  SqliteTransaction(SqliteTransaction&& other) noexcept
      : database_(std::exchange(other.database_, nullptr)) {}
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;

  // After an error nothing is committed.
  Status commit();

 private:
  explicit SqliteTransaction(sqlite3* database) : database_(database) {}
  sqlite3* database_;
};

}  // namespace understudy
