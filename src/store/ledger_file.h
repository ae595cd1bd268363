// The database file of the ledger: created, recognised, brought up to date.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "store/sql.h"
#include "store/sqlite.h"

namespace understudy {

enum class Access { read, write };

// Creates the file (0600) and the missing folders above it (0700), or takes other users' rights to a file that is
// there. A file that is not a regular one, or that other names lead to, is refused.
Status create_private_file(const std::string& path);

// A connection to the file, which must be there: a ledger of any version, or empty. Error{corrupt} if it is neither.
Result<SqliteDatabase> open_ledger(const std::string& path, Access access);

// Runs the steps that are missing, all in one transaction. Error{unsupported} if the tables are newer than `steps`.
Status migrate(SqliteDatabase& database, std::span<const Migration> steps, const std::string& path);

}  // namespace understudy
