#include "app/http_download.h"

#include <fmt/format.h>

#include <fstream>
#include <optional>
#include <thread>

#include "app/http_client.h"
#include "app/progress.h"

namespace understudy {
namespace {

constexpr long kConnectSeconds = 15;
constexpr long kConnectSecondsWithFallback = 3;
constexpr int kAttempts = 5;  // as long as each one brings bytes
constexpr auto kRetryAfter = std::chrono::seconds(1);
constexpr size_t kMaxValidator = 1024;
constexpr const char* kTryAgain = "Try again: the download goes on where it stopped";

struct Transfer {
  const HttpDownload& request;
  PartialFile& file;
  CURL* handle = nullptr;
  std::string validator;  // strong ETag or Last-Modified of this response
  std::optional<Progress> progress = std::nullopt;
  std::optional<Error> error = std::nullopt;  // why we stopped it
};

// "ETag" of a URL's version, kept beside the partial file: the URL and the validator, one a line.
std::string validator_path(const PartialFile& file) { return file.path() + ".version"; }

std::string stored_validator(const Transfer& transfer) {
  std::ifstream stream(validator_path(transfer.file));
  std::string url, validator;
  std::getline(stream, url);
  std::getline(stream, validator);
  return url == transfer.request.url ? validator : "";
}

void store_validator(const Transfer& transfer) {
  std::ofstream(validator_path(transfer.file)) << transfer.request.url << '\n' << transfer.validator << '\n';
}

size_t on_header(const char* data, size_t, size_t size, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  std::string_view line(data, size);
  if (line.starts_with("HTTP/")) transfer->validator.clear();  // a redirect's headers do not count
  if (size > kMaxValidator) return size;
  auto header = parse_header(line);
  if (!header) return size;
  const auto& [name, value] = *header;
  bool strong_etag = name == "etag" && value.starts_with('"');
  if (strong_etag || (name == "last-modified" && transfer->validator.empty())) transfer->validator = value;
  return size;
}

// Looks at the response once its first bytes are there.
Status begin(Transfer& transfer) {
  const HttpDownload& request = transfer.request;
  long code = 0;
  curl_off_t length = -1;
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &code);
  curl_easy_getinfo(transfer.handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (code != 200 && code != 206) {
    return Error{ErrorCode::io, fmt::format("the server answered HTTP {}", code), request.url, ""};
  }
  if (code == 200) RETURN_IF_ERROR(transfer.file.restart());
  uint64_t start = transfer.file.size();
  uint64_t total = length >= 0 ? start + static_cast<uint64_t>(length) : request.bytes;
  if (request.bytes != 0 && total != request.bytes) {
    return Error{ErrorCode::corrupt,
                 fmt::format("the file there has {} bytes, expected {}", total, request.bytes), request.url,
                 ""};
  }
  RETURN_IF_ERROR(transfer.file.check_room(total - start));
  store_validator(transfer);
  transfer.progress.emplace(request.label, total, start);
  return Status();
}

size_t on_body(const char* data, size_t, size_t size, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  Status status = transfer->progress ? Status() : begin(*transfer);
  if (status.ok()) status = transfer->file.append(std::as_bytes(std::span(data, size)));
  uint64_t limit = transfer->request.bytes;
  if (status.ok() && limit != 0 && transfer->file.size() > limit) {
    status = Error{ErrorCode::corrupt, fmt::format("the server sends more than {} bytes", limit),
                   transfer->request.url, ""};
  }
  if (!status.ok()) {
    transfer->error = status.error();
    return 0;
  }
  transfer->progress->update(transfer->file.size());
  return size;
}

// One GET. `again` is set when the connection broke and another attempt may bring the rest.
Status attempt(const HttpDownload& request, PartialFile& file, bool& again) {
  long connect_seconds = request.has_fallback ? kConnectSecondsWithFallback : kConnectSeconds;
  ASSIGN_OR_RETURN(CurlHandle handle, open_url(request.url, connect_seconds, request.bearer));
  Transfer transfer{request, file, handle.get(), ""};
  std::string validator = stored_validator(transfer);
  if (file.size() > 0 && !request.digest_known && validator.empty()) RETURN_IF_ERROR(file.restart());

  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr, curl_slist_free_all);
  if (file.size() > 0) {
    curl_easy_setopt(handle.get(), CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(file.size()));
    if (!validator.empty()) headers.reset(curl_slist_append(nullptr, ("If-Range: " + validator).c_str()));
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  }
  curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &transfer);
  uint64_t before = file.size();
  CURLcode code = curl_easy_perform(handle.get());
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);

  if (transfer.error) return *transfer.error;
  bool useless_range = code == CURLE_RANGE_ERROR || status == 416;
  if (useless_range && before > 0) {
    again = true;
    return file.restart();
  }
  if (code == CURLE_OK && (status == 200 || status == 206)) return Status();
  again = code != CURLE_OK && file.size() > before;
  if (code != CURLE_OK) return transfer_error(code, request.url, kTryAgain);
  return Error{ErrorCode::io, fmt::format("the server answered HTTP {}", status), request.url, kTryAgain};
}

}  // namespace

Status http_download(const HttpDownload& request, PartialFile& file) {
  if (request.bytes != 0 && file.size() == request.bytes) return Status();  // complete, only not yet verified
  Status status;
  for (int i = 0; i < kAttempts; ++i) {
    bool again = false;
    status = attempt(request, file, again);
    if (!again) break;
    fmt::print(stderr, "the connection broke; going on in a second\n");
    std::this_thread::sleep_for(kRetryAfter);
  }
  return status;
}

}  // namespace understudy
