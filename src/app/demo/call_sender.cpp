#include "app/demo/call_sender.h"

#include <memory>

#include "app/http_client.h"

namespace understudy {
namespace {

constexpr long kConnectSeconds = 10;
constexpr long kMaxSeconds = 600;  // of one call; a frontier model may think
constexpr int kWaitMs = 1'000;
constexpr size_t kMaxReplyBytes = 16 << 20;

struct MultiFree {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Transfer {
  size_t index = 0;
  CurlHandle handle;
  std::unique_ptr<curl_slist, ListFree> headers;
  IncomingReply reply;
};

size_t append_body(const char* data, size_t, size_t size, void* user) {
  std::string& body = static_cast<Transfer*>(user)->reply.body;
  if (body.size() + size > kMaxReplyBytes) return 0;
  body.append(data, size);
  return size;
}

size_t take_header(const char* data, size_t, size_t size, void* user) {
  auto& headers = static_cast<Transfer*>(user)->reply.headers;
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) headers.clear();
  if (auto header = parse_header(line)) headers.insert_or_assign(header->first, header->second);
  return size;
}

Result<std::unique_ptr<Transfer>> make_transfer(const OutgoingCall& call, size_t index) {
  auto transfer = std::make_unique<Transfer>();
  transfer->index = index;
  ASSIGN_OR_RETURN(transfer->handle, open_url(call.url, kConnectSeconds, call.bearer));
  curl_slist* list = curl_slist_append(nullptr, "Content-Type: application/json");
  for (const std::string& header : call.headers) list = curl_slist_append(list, header.c_str());
  list = curl_slist_append(list, "Expect:");  // a large body needs no leave
  transfer->headers.reset(list);
  CURL* handle = transfer->handle.get();
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, kMaxSeconds);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT, kMaxSeconds);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, append_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer.get());
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, transfer.get());
  curl_easy_setopt(handle, CURLOPT_PRIVATE, transfer.get());
  return transfer;
}

void finish(Transfer& transfer, CURLcode code) {
  CURL* handle = transfer.handle.get();
  IncomingReply& reply = transfer.reply;
  if (code != CURLE_OK) {
    reply.error = curl_easy_strerror(code);
    return;
  }
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply.status);
  // Connections are kept: what libcurl counts from is the start of this transfer.
  curl_off_t first = 0, total = 0;
  curl_easy_getinfo(handle, CURLINFO_STARTTRANSFER_TIME_T, &first);
  curl_easy_getinfo(handle, CURLINFO_TOTAL_TIME_T, &total);
  reply.first_byte_ms = static_cast<double>(first) / 1000;
  reply.total_ms = static_cast<double>(total) / 1000;
}

Error cannot_go_on() { return {ErrorCode::internal, "libcurl cannot go on", "", ""}; }

class Sender {
 public:
  Sender(std::span<const OutgoingCall> calls, size_t parallel, const ReplySink& sink)
      : calls_(calls), parallel_(parallel), sink_(sink) {}
  ~Sender() {
    for (const auto& [handle, transfer] : running_) curl_multi_remove_handle(multi_.get(), handle);
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  Status run();

 private:
  Status start_next();
  Status take_finished();

  std::span<const OutgoingCall> calls_;
  size_t parallel_, next_ = 0;
  const ReplySink& sink_;
  std::unique_ptr<CURLM, MultiFree> multi_;
  std::map<CURL*, std::unique_ptr<Transfer>> running_;
};

Status Sender::start_next() {
  while (next_ < calls_.size() && running_.size() < parallel_) {
    ASSIGN_OR_RETURN(auto transfer, make_transfer(calls_[next_], next_));
    ++next_;
    CURL* handle = transfer->handle.get();
    if (!multi_) multi_.reset(curl_multi_init());
    if (!multi_ || curl_multi_add_handle(multi_.get(), handle) != CURLM_OK)
      return Error{ErrorCode::internal, "libcurl takes no further transfer", "", ""};
    running_[handle] = std::move(transfer);
  }
  return Status();
}

Status Sender::take_finished() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* handle = message->easy_handle;
    const CURLcode code = message->data.result;  // the message is gone with the handle
    curl_multi_remove_handle(multi_.get(), handle);
    const auto transfer = std::move(running_.extract(handle).mapped());
    finish(*transfer, code);
    RETURN_IF_ERROR(sink_(transfer->index, std::move(transfer->reply)));
  }
  return Status();
}

Status Sender::run() {
  RETURN_IF_ERROR(start_next());
  while (!running_.empty()) {
    int active = 0;
    if (curl_multi_perform(multi_.get(), &active) != CURLM_OK) return cannot_go_on();
    // Before waiting: what has ended makes room for the next at once.
    RETURN_IF_ERROR(take_finished());
    const size_t started = next_;
    RETURN_IF_ERROR(start_next());
    if (next_ > started || running_.empty()) continue;
    if (curl_multi_poll(multi_.get(), nullptr, 0, kWaitMs, nullptr) != CURLM_OK) return cannot_go_on();
  }
  return Status();
}

}  // namespace

Status send_calls(std::span<const OutgoingCall> calls, size_t parallel, const ReplySink& sink) {
  return Sender(calls, parallel, sink).run();
}

}  // namespace understudy
