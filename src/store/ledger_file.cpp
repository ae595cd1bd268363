#include "store/ledger_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "store/call_id.h"
#include "store/limits.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kApplicationId = 0x554E4452;  // "UNDR"; how file(1) and we know our own

Error io_error(const std::string& what, const std::string& where) {
  return {ErrorCode::io, what + ": " + std::strerror(errno), where,
          "Set UNDERSTUDY_HOME to a folder that you may write to"};
}

Status create_private_folders(const fs::path& folder) {
  std::vector<fs::path> missing;
  std::error_code code;
  for (fs::path at = folder; !at.empty() && !fs::exists(at, code); at = at.parent_path())
    missing.push_back(at);
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    if (::mkdir(at->c_str(), 0700) != 0 && errno != EEXIST) {
      return io_error("cannot create the folder", at->string());
    }
  }
  return Status();
}

Result<int64_t> read_integer(SqliteDatabase& database, std::string_view query) {
  ASSIGN_OR_RETURN(SqliteStatement statement, database.prepare(query));
  RETURN_IF_ERROR(statement.step());
  return statement.integer(0);
}

// Reads the header and the schema: a file of another kind, or one whose beginning is damaged, ends here.
Status recognise(SqliteDatabase& database, const std::string& path) {
  ASSIGN_OR_RETURN(const int64_t application, read_integer(database, "PRAGMA application_id"));
  ASSIGN_OR_RETURN(const int64_t tables, read_integer(database, "SELECT COUNT(*) FROM sqlite_master"));
  if (application == kApplicationId || (application == 0 && tables == 0)) return Status();
  return Error{ErrorCode::corrupt, "the file is the database of another program", path,
               "Move it away, or name another file"};
}

// Changing the journal's mode is the one thing for which SQLite does not wait while another process has the file.
Status use_write_ahead_log(SqliteDatabase& database) {
  const auto end = std::chrono::steady_clock::now() + kBusyTimeout;
  while (true) {
    Status status = database.execute("PRAGMA journal_mode = WAL");
    if (status.ok() || status.error().code != ErrorCode::exhausted ||
        std::chrono::steady_clock::now() > end) {
      return status;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

Status create_private_file(const std::string& path) {
  // Closing a file drops the locks that SQLite holds on it in this process
  // (https://sqlite.org/howtocorrupt.html, 2.2): only a file that this call created is ever closed here.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  RETURN_IF_ERROR(create_private_folders(fs::path(path).parent_path()));
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::close(file);
    return Status();
  }
  if (errno != EEXIST) return io_error("cannot create the ledger", path);
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return io_error("cannot read the ledger", path);
  if (!S_ISREG(info.st_mode) || info.st_nlink != 1) {
    return Error{ErrorCode::corrupt, "the ledger is not a regular file with one name", path, "Move it away"};
  }
  if ((info.st_mode & 077) != 0 && ::chmod(path.c_str(), 0600) != 0) {
    return io_error("cannot make the ledger private", path);
  }
  return Status();
}

Result<SqliteDatabase> open_ledger(const std::string& path, Access access) {
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(kBusyTimeout).count();
  ASSIGN_OR_RETURN(SqliteDatabase database, SqliteDatabase::open(path, static_cast<int>(timeout)));
  // Nothing of the file's schema may call functions with effects, and no temporary file may hold calls.
  RETURN_IF_ERROR(
      database.execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; "
                       "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON"));
  RETURN_IF_ERROR(recognise(database, path));
  if (access == Access::read) {
    RETURN_IF_ERROR(database.execute("PRAGMA query_only = ON"));
    return database;
  }
  RETURN_IF_ERROR(use_write_ahead_log(database));
  // FULL: a commit returns when the log is on the disk. secure_delete: what was erased is overwritten.
  RETURN_IF_ERROR(database.execute("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON"));
  return database;
}

Status migrate(SqliteDatabase& database, std::span<const Migration> steps, const std::string& path) {
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::begin(database));
  RETURN_IF_ERROR(database.execute(sql::kCreateVersion));
  ASSIGN_OR_RETURN(const int64_t version, read_integer(database, sql::kReadVersion));
  const int newest = steps.back().version;
  if (version > newest) {
    return Error{ErrorCode::unsupported,
                 fmt::format("the ledger has version {}; this program knows up to {}", version, newest), path,
                 "A newer understudy wrote it: use that, or export from it and import here"};
  }
  if (version == newest) return Status();
  for (const Migration& step : steps) {
    if (step.version <= version) continue;
    RETURN_IF_ERROR(database.execute(step.sql));
    ASSIGN_OR_RETURN(SqliteStatement write, database.prepare(sql::kWriteVersion));
    RETURN_IF_ERROR(write.bind(1, int64_t{step.version}).bind(2, unix_ms_now()).run());
  }
  RETURN_IF_ERROR(database.execute(fmt::format("PRAGMA application_id = {}", kApplicationId).c_str()));
  return transaction.commit();
}

}  // namespace understudy
