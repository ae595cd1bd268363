// The Hugging Face Hub's protocol, as far as downloading needs it: a repository's files at a revision
// (GET /api/models/REPO/revision/REV) and one file's digest (HEAD /REPO/resolve/COMMIT/PATH). The headers are
// those that huggingface_hub reads (github.com/huggingface/huggingface_hub, file_download.py): X-Linked-Etag
// is the SHA-256 of a file in large file storage, ETag else the git blob's SHA-1.
#pragma once

#include <string>
#include <vector>

#include "app/hub_address.h"
#include "app/model_choice.h"
#include "app/source.h"
#include "base/result.h"

namespace understudy {

struct HubRepository {
  std::string commit;   // 40 hex digits
  std::string licence;  // "" if the model card does not say
  std::vector<ListedFile> files;
};

class Hub {
 public:
  // HF_ENDPOINT (default https://huggingface.co) and HF_TOKEN. Errors: invalid_argument.
  static Result<Hub> from_environment(long connect_seconds);

  // Errors: not_found, unauthenticated and forbidden say what to do about it.
  Result<HubRepository> repository(const HubAddress& address) const;
  // Size and digest of a file of the repository at `commit`; its `path` is "".
  Result<SourceFile> file(const HubAddress& address, const std::string& commit,
                          const std::string& path) const;
  std::string file_url(const HubAddress& address, const std::string& commit, const std::string& path) const;

  const std::string& endpoint() const { return endpoint_; }
  const std::string& token() const { return token_; }  // "" if there is none

 private:
  Hub(std::string endpoint, std::string token, long connect_seconds)
      : endpoint_(std::move(endpoint)), token_(std::move(token)), connect_seconds_(connect_seconds) {}
  Error refusal(const struct HttpReply& response, const HubAddress& address, const std::string& path) const;

  std::string endpoint_, token_;
  long connect_seconds_;
};

}  // namespace understudy
