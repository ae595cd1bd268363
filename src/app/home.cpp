#include "app/home.h"

#include <cstdlib>

namespace understudy {

Result<std::string> home_directory() {
  if (const char* home = std::getenv("UNDERSTUDY_HOME"); home != nullptr && *home != '\0')
    return std::string(home);
  if (const char* user = std::getenv("HOME"); user != nullptr && *user != '\0') {
    return std::string(user) + "/.understudy";
  }
  return Error{ErrorCode::invalid_argument, "neither UNDERSTUDY_HOME nor HOME is set", "",
               "Set UNDERSTUDY_HOME to the folder that may hold models"};
}

Result<std::string> ledger_path() {
  ASSIGN_OR_RETURN(std::string home, home_directory());
  return home + "/understudy.db";
}

}  // namespace understudy
