// The name that git gives to a file's bytes: SHA-1 of "blob SIZE\0" and the bytes (git-scm.com/book, Git
// Objects). The hub names files by it that are not in its large file storage.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

// 40 lower-case hex digits.
Result<std::string> git_blob_id_of_file(const std::string& path);

// ^[0-9a-f]{40}$
bool is_git_id(std::string_view id);

}  // namespace understudy
