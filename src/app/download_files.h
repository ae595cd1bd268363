// Downloading the files of an offer into the store, each verified as soon as it is whole.
#pragma once

#include <string>
#include <vector>

#include "app/model_store.h"
#include "app/source.h"
#include "base/result.h"

namespace understudy {

struct DownloadedFile {
  ModelPart part;
  bool verified = false;  // a digest was there to compare with
};

// Fetches into `partial`, going on where an earlier call stopped. Wrong bytes are removed and Error{corrupt}.
// `room`: bytes that this and the files after it still need on the disk; 0 if unknown.
Result<DownloadedFile> download_file(Source& source, const SourceFile& file, const std::string& partial,
                                     uint64_t room);

// All files of a folder, into `folder`; those that are there with the right bytes stay, anything else that is
// there goes.
Result<std::vector<DownloadedFile>> download_folder(Source& source, const std::vector<SourceFile>& files,
                                                    const std::string& folder);

}  // namespace understudy
