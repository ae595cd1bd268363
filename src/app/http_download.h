// Downloading one URL into a PartialFile.
#pragma once

#include <cstdint>
#include <string>

#include "app/partial_file.h"
#include "base/result.h"

namespace understudy {

struct HttpDownload {
  std::string url;
  std::string label = "downloading";  // of the progress line
  bool digest_known = false;  // somebody compares the digest: any server's bytes may continue the file
  uint64_t bytes = 0;         // expected size; 0 if unknown
  std::string bearer = "";    // for the URL's own host alone (http_client.h)
  bool has_fallback = false;  // another source follows: give up on an unreachable host after 3 s
};

// Appends what is missing to `file` (or starts over). Without a known digest only the same version of the
// same URL continues a file (If-Range, RFC 9110 section 13.1.5). A connection that breaks is taken up again
// as long as each attempt brings bytes, at most 5 times. Success does not mean that the digest is right.
Status http_download(const HttpDownload& download, PartialFile& file);

}  // namespace understudy
