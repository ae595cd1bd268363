#include "gateway/upstream/client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "gateway/upstream/certificates.h"

namespace understudy {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long kConnectMs = 10'000;
constexpr long kSilentSeconds = 600;  // a frontier model may think for minutes before its first byte
constexpr int kLongestWaitMs = 1'000;
constexpr int kPausedWaitMs = 10;  // until a receiver that had no room is asked again

struct CurlFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Transfer {
  uint64_t id = 0;
  UpstreamRequest request;
  std::shared_ptr<UpstreamReceiver> receiver;
  Clock::time_point due;
  std::unique_ptr<CURL, CurlFree> handle;
  std::unique_ptr<curl_slist, CurlFree> headers;
  UpstreamHead head;  // of the response that is being read
  bool has_head = false;
  bool paused = false;  // the receiver has no room
};

void give_head(Transfer& transfer) {
  if (transfer.has_head) return;
  transfer.has_head = true;
  transfer.receiver->head(std::move(transfer.head));
}

size_t take_header(const char* data, size_t, size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::string_view line(data, size);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // a new response: interim ones (1xx) come before the one that counts
    transfer.head = {};
    const size_t space = line.find(' ');
    if (space != std::string_view::npos) transfer.head.status = std::atoi(line.data() + space + 1);
  } else if (line.empty()) {
    if (transfer.head.status >= 200) give_head(transfer);
  } else if (const size_t colon = line.find(':'); colon != std::string_view::npos && !transfer.has_head) {
    std::string_view value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    HttpHeader header{std::string(line.substr(0, colon)), std::string(value)};
    if (equal_ignoring_case(header.name, "content-type")) {
      transfer.head.content_type = std::move(header.value);
    } else {
      transfer.head.headers.push_back(std::move(header));
    }
  }
  return size;
}

size_t take_data(const char* data, size_t, size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  give_head(transfer);
  if (!transfer.receiver->has_room()) {
    transfer.paused = true;
    return CURL_WRITEFUNC_PAUSE;  // these bytes come again
  }
  transfer.receiver->data({data, size});
  return size;
}

bool has(const UpstreamRequest& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const HttpHeader& header) { return equal_ignoring_case(header.name, name); });
}

// What a proxy said that did not let us through.
std::string proxy_hint(const Transfer& transfer) {
  long status = 0;
  curl_easy_getinfo(transfer.handle.get(), CURLINFO_HTTP_CONNECTCODE, &status);
  return status < 300 ? "" : fmt::format("The proxy that HTTPS_PROXY names answered {}", status);
}

void add_header(Transfer& transfer, const std::string& line) {
  curl_slist* list = transfer.headers.release();
  transfer.headers.reset(curl_slist_append(list, line.c_str()));
}

Status open(Transfer& transfer) {
  transfer.handle.reset(curl_easy_init());
  CURL* handle = transfer.handle.get();
  if (handle == nullptr) return Error{ErrorCode::internal, "cannot start libcurl", "", ""};
  const UpstreamRequest& request = transfer.request;
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  if (!request.body.empty() || request.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  for (const HttpHeader& header : request.headers) {
    add_header(transfer, header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  // What libcurl would add by itself.
  for (const char* name : {"Accept", "Content-Type", "Expect", "User-Agent"}) {
    if (!has(request, name)) add_header(transfer, std::string(name) + ":");
  }
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, transfer.headers.get());
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, kSilentSeconds);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_data);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_PRIVATE, &transfer);
  return use_certificates(handle);
}

}  // namespace

struct UpstreamClient::Impl {
  CURLM* multi = nullptr;
  std::mutex mutex;
  uint64_t last_id = 0;
  std::vector<std::unique_ptr<Transfer>> started;
  std::vector<uint64_t> cancelled;
  bool stopping = false;
  std::map<uint64_t, std::unique_ptr<Transfer>> transfers;  // of the thread; waiting and running
  std::thread thread;

  ~Impl() {
    if (thread.joinable()) {
      {
        std::lock_guard lock(mutex);
        stopping = true;
      }
      curl_multi_wakeup(multi);
      thread.join();
    }
    if (multi != nullptr) curl_multi_cleanup(multi);
  }

  void run() {
    while (take_orders()) {
      begin_due();
      resume_paused();
      int running = 0;
      curl_multi_perform(multi, &running);
      finish_done();
      curl_multi_poll(multi, nullptr, 0, wait_ms(), nullptr);
    }
    while (!transfers.empty()) end(transfers.begin()->first, cancelled_error());
  }

  static Error cancelled_error() { return {ErrorCode::cancelled, "the request was cancelled", "", ""}; }

  bool take_orders() {
    std::vector<std::unique_ptr<Transfer>> fresh;
    std::vector<uint64_t> given_up;
    bool stop;
    {
      std::lock_guard lock(mutex);
      fresh.swap(started);
      given_up.swap(cancelled);
      stop = stopping;
    }
    for (auto& transfer : fresh) {
      const uint64_t id = transfer->id;
      transfers.emplace(id, std::move(transfer));
    }
    for (const uint64_t id : given_up) {
      if (transfers.count(id) > 0) end(id, cancelled_error());
    }
    return !stop;
  }

  void begin_due() {
    std::vector<std::pair<uint64_t, Error>> failed;
    for (auto& [id, transfer] : transfers) {
      if (transfer->handle || transfer->due > Clock::now()) continue;
      if (Status status = open(*transfer); !status.ok()) {
        failed.emplace_back(id, status.error());
      } else {
        curl_multi_add_handle(multi, transfer->handle.get());
      }
    }
    for (const auto& [id, error] : failed) end(id, error);
  }

  // libcurl hands over what it holds from within curl_easy_pause().
  void resume_paused() {
    for (auto& [id, transfer] : transfers) {
      if (!transfer->paused || !transfer->receiver->has_room()) continue;
      transfer->paused = false;
      curl_easy_pause(transfer->handle.get(), CURLPAUSE_CONT);
    }
  }

  void finish_done() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      const CURLcode code = message->data.result;
      if (code == CURLE_OK) give_head(*transfer);
      end(transfer->id,
          code == CURLE_OK ? Status() : transfer_error(code, transfer->request.url, proxy_hint(*transfer)));
    }
  }

  void end(uint64_t id, Status status) {
    auto node = transfers.extract(id);
    Transfer& transfer = *node.mapped();
    if (transfer.handle) curl_multi_remove_handle(multi, transfer.handle.get());
    transfer.receiver->end(std::move(status));
  }

  int wait_ms() const {
    auto wait = std::chrono::milliseconds(kLongestWaitMs);
    for (const auto& [id, transfer] : transfers) {
      if (transfer->paused) wait = std::min(wait, std::chrono::milliseconds(kPausedWaitMs));
      if (transfer->handle) continue;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(transfer->due - Clock::now());
      wait = std::clamp(left, std::chrono::milliseconds(0), wait);
    }
    return static_cast<int>(wait.count());
  }
};

UpstreamClient::UpstreamClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UpstreamClient::~UpstreamClient() = default;

Result<std::unique_ptr<UpstreamClient>> UpstreamClient::create() {
  RETURN_IF_ERROR(start_curl());
  auto impl = std::make_unique<Impl>();
  impl->multi = curl_multi_init();
  if (impl->multi == nullptr) return Error{ErrorCode::internal, "cannot start libcurl", "", ""};
  impl->thread = std::thread([raw = impl.get()] { raw->run(); });
  return std::unique_ptr<UpstreamClient>(new UpstreamClient(std::move(impl)));
}

uint64_t UpstreamClient::start(UpstreamRequest request, std::shared_ptr<UpstreamReceiver> receiver) {
  auto transfer = std::make_unique<Transfer>();
  transfer->due = Clock::now() + std::chrono::milliseconds(request.delay_ms);
  transfer->request = std::move(request);
  transfer->receiver = std::move(receiver);
  uint64_t id;
  {
    std::lock_guard lock(impl_->mutex);
    id = transfer->id = ++impl_->last_id;
    impl_->started.push_back(std::move(transfer));
  }
  curl_multi_wakeup(impl_->multi);
  return id;
}

void UpstreamClient::cancel(uint64_t id) {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->cancelled.push_back(id);
  }
  curl_multi_wakeup(impl_->multi);
}

}  // namespace understudy
