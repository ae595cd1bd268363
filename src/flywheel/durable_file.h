// Files that are on the disk when the function returns.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

// Writes a new file (0600). Error{forbidden} if there is one of that name already, Error{io}.
Status write_new_file(const std::string& path, std::string_view text);

// The file has this text or what it had before, whatever happens. Error{io}.
Status replace_file(const std::string& path, std::string_view text);

// Makes names in the folder durable.
Status sync_folder(const std::string& folder);

// All of a file, which may be empty. Error{not_found}, Error{io}.
Result<std::string> read_file(const std::string& path);

// The error of the operating system's last call, which was for `what`.
Error system_error(const std::string& what, const std::string& path);

}  // namespace understudy
