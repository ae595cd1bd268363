// Where this user's models, adapters and ledger live: $UNDERSTUDY_HOME, else ~/.understudy.
#pragma once

#include <string>

#include "base/result.h"

namespace understudy {

// Error{invalid_argument} if the environment names no home. The folder need not exist.
Result<std::string> home_directory();

// home_directory()/understudy.db.
Result<std::string> ledger_path();

}  // namespace understudy
