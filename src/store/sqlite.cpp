#include "store/sqlite.h"

#include <cerrno>
#include <cstring>

namespace understudy {
namespace {

// The meaning of SQLite's result codes: https://sqlite.org/rescode.html
Error sqlite_error(sqlite3* database, int code) {
  const char* file = sqlite3_db_filename(database, "main");
  const std::string where = file == nullptr ? "" : file;
  const int system = sqlite3_system_errno(database);
  const auto why = [&] { return system == 0 ? sqlite3_errmsg(database) : std::strerror(system); };
  const bool is_full = (code & 0xFF) == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT);
  switch (is_full ? SQLITE_FULL : code & 0xFF) {
    case SQLITE_FULL:
      return {ErrorCode::exhausted, "the disk is full", where, "Free some space and try again"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::exhausted, "another process is writing to the ledger", where, "Try again"};
    case SQLITE_NOTADB:
      return {ErrorCode::corrupt, "the file is not an SQLite database", where,
              "Move it away, or name another file"};
    case SQLITE_CORRUPT:
      return {ErrorCode::corrupt, std::string("the ledger is damaged: ") + sqlite3_errmsg(database), where,
              "Stop the server, keep a copy of the file and save what can be read: sqlite3 FILE .recover"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorCode::io, "the ledger cannot be written", where,
              "Make the file and its folder writable for this user"};
    case SQLITE_CANTOPEN:
      return {ErrorCode::io, std::string("the ledger cannot be opened: ") + why(), where, ""};
    case SQLITE_IOERR:
      return {ErrorCode::io, std::string("the disk failed: ") + why(), where, ""};
    case SQLITE_CONSTRAINT:
      return {ErrorCode::invalid_argument,
              std::string("the ledger refuses the row: ") + sqlite3_errmsg(database), where, ""};
    case SQLITE_NOMEM:
      return {ErrorCode::exhausted, "out of memory", where, ""};
    default:
      return {ErrorCode::internal, std::string("SQLite: ") + sqlite3_errmsg(database), where, ""};
  }
}

}  // namespace

SqliteStatement& SqliteStatement::note(int code) {
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
  return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, int64_t value) {
  return note(sqlite3_bind_int64(statement_.get(), parameter, value));
}

SqliteStatement& SqliteStatement::bind(int parameter, double value) {
  return note(sqlite3_bind_double(statement_.get(), parameter, value));
}

// A null pointer would bind NULL, which an empty text is not.
SqliteStatement& SqliteStatement::bind(int parameter, std::string_view text) {
  return note(sqlite3_bind_text64(statement_.get(), parameter, text.empty() ? "" : text.data(), text.size(),
                                  SQLITE_STATIC, SQLITE_UTF8));
}

SqliteStatement& SqliteStatement::bind_blob(int parameter, std::string_view bytes) {
  return note(sqlite3_bind_blob64(statement_.get(), parameter, bytes.empty() ? "" : bytes.data(),
                                  bytes.size(), SQLITE_STATIC));
}

SqliteStatement& SqliteStatement::bind_null(int parameter) {
  return note(sqlite3_bind_null(statement_.get(), parameter));
}

Result<bool> SqliteStatement::step() {
  sqlite3* database = sqlite3_db_handle(statement_.get());
  if (bind_error_ != SQLITE_OK) return sqlite_error(database, bind_error_);
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = sqlite_error(database, code);
  reset();
  return error;
}

Status SqliteStatement::run() {
  auto row = step();
  reset();
  return row.ok() ? Status() : Status(row.error());
}

// sqlite3_reset repeats the error of the step before it, which was reported.
void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  bind_error_ = SQLITE_OK;
}

int64_t SqliteStatement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string_view SqliteStatement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr ? std::string_view() : std::string_view(data, static_cast<size_t>(size));
}

std::optional<int64_t> SqliteStatement::optional_integer(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::optional<double> SqliteStatement::optional_real(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_double(statement_.get(), column);
}

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path, int busy_timeout_ms) {
  sqlite3* handle = nullptr;
  // NOMUTEX: a connection belongs to one thread at a time.
  const int code = sqlite3_open_v2(
      path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  SqliteDatabase database(handle);
  if (handle == nullptr) return Error{ErrorCode::exhausted, "out of memory", path, ""};
  if (code != SQLITE_OK) return sqlite_error(handle, code);
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  return database;
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return sqlite_error(database_.get(), code);
  return SqliteStatement(statement);
}

Status SqliteDatabase::execute(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : Status(sqlite_error(database_.get(), code));
}

Result<SqliteTransaction> SqliteTransaction::begin(SqliteDatabase& database) {
  RETURN_IF_ERROR(database.execute("BEGIN IMMEDIATE"));
  return SqliteTransaction(database.database_.get());
}

Status SqliteTransaction::commit() {
  const int code = sqlite3_exec(database_, "COMMIT", nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(database_, code);  // the destructor rolls back
  database_ = nullptr;
  return Status();
}

// An error of SQLite may have rolled back already; then there is nothing to roll back.
SqliteTransaction::~SqliteTransaction() {
  if (database_ != nullptr && sqlite3_get_autocommit(database_) == 0) {
    sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

}  // namespace understudy
