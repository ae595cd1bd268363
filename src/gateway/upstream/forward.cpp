#include "gateway/upstream/forward.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "gateway/model_list.h"
#include "gateway/random_id.h"
#include "gateway/routes/openai_error.h"
#include "gateway/upstream/json_member.h"
#include "store/chat_completion.h"

namespace understudy {
namespace {

constexpr int kFirstDelayMs = 250, kLongestDelayMs = 5'000;
constexpr size_t kLargestBody = 64 << 20;  // of an answer that is no stream
constexpr size_t kUnsentMark = 256 << 10;  // of a stream: above it, the upstream waits for the client

// Of one connection only (RFC 9110, 7.6.1), or written anew on each side.
constexpr std::string_view kOwnHeaders[] = {"connection",
                                            "keep-alive",
                                            "proxy-connection",
                                            "proxy-authenticate",
                                            "proxy-authorization",
                                            "te",
                                            "trailer",
                                            "transfer-encoding",
                                            "upgrade",
                                            "host",
                                            "content-length",
                                            "expect"};

bool is_own(std::string_view name) {
  return std::any_of(std::begin(kOwnHeaders), std::end(kOwnHeaders),
                     [&](std::string_view own) { return equal_ignoring_case(name, own); });
}

bool is_ours(std::string_view name) {
  constexpr std::string_view kPrefix = "x-understudy-";
  return name.size() > kPrefix.size() && equal_ignoring_case(name.substr(0, kPrefix.size()), kPrefix);
}

bool is_event_stream(std::string_view content_type) {
  constexpr std::string_view kType = "text/event-stream";
  return content_type.size() >= kType.size() &&
         equal_ignoring_case(content_type.substr(0, kType.size()), kType);
}

// The upstream's own wish in whole seconds, bounded; else twice as long each time, half of it at random.
int delay_ms(const UpstreamHead& head, int tried) {
  for (const HttpHeader& header : head.headers) {
    if (!equal_ignoring_case(header.name, "retry-after")) continue;
    const int seconds = std::atoi(header.value.c_str());
    if (seconds > 0) return std::min(seconds, kLongestDelayMs / 1000) * 1000;
  }
  const int most = std::min(kFirstDelayMs << tried, kLongestDelayMs);
  return most / 2 + static_cast<int>(random_u64() % static_cast<uint64_t>(most / 2));
}

class Forwarding : public UpstreamReceiver, public std::enable_shared_from_this<Forwarding> {
 public:
  Forwarding(const Upstreams& upstreams, const UpstreamTarget& target, std::shared_ptr<Exchange> exchange)
      : client_(upstreams.client()),
        provider_(target.provider),
        request_(upstream_request(target, exchange->request())),
        exchange_(std::move(exchange)) {}

  // The answer may be complete, and the exchange released, before send() returns.
  void begin() {
    exchange_->on_disconnect([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->leave();
    });
    send(0);
  }

  void head(UpstreamHead head) override {
    head_ = std::move(head);
    again_ = tried_ < kUpstreamTries && (head_.status == 502 || head_.status == 503 || head_.status == 504);
    if (again_ || !is_event_stream(head_.content_type)) return;
    streaming_ = true;
    exchange_->begin_stream(response(""));
  }

  void data(std::string_view bytes) override {
    if (again_) return;
    if (streaming_) return exchange_->write(std::string(bytes));
    if (body_.size() + bytes.size() <= kLargestBody) {
      body_.append(bytes);
    } else {
      too_large_ = true;
    }
  }

  bool has_room() const override { return !streaming_ || exchange_->unsent_bytes() < kUnsentMark; }

  void end(Status status) override {
    if (left_) return;
    if (streaming_) {
      if (status.ok()) exchange_->end_stream();
      exchange_
          .reset();  // without an end, the client's connection is cut off: nobody takes a part for the whole
      return;
    }
    const bool broken = !status.ok() && status.error().code == ErrorCode::io;
    if (again_ || (broken && tried_ < kUpstreamTries)) return send(delay_ms(head_, tried_));
    if (!status.ok() || too_large_) {
      exchange_->respond(error_response(502, complaint(status), "upstream_error"));
    } else {
      exchange_->respond(response(std::move(body_)));
    }
    exchange_.reset();
  }

 private:
  void send(int delay) {
    tried_++;
    again_ = false;
    body_.clear();
    head_ = {};
    UpstreamRequest request = request_;
    request.delay_ms = delay;
    std::lock_guard lock(mutex_);
    if (!left_) transfer_ = client_.start(std::move(request), shared_from_this());
  }

  void leave() {
    std::lock_guard lock(mutex_);
    left_ = true;
    client_.cancel(transfer_);
  }

  std::string complaint(const Status& status) const {
    std::string text = "The upstream '" + provider_ + "' did not answer: ";
    if (status.ok()) return text + "its answer is larger than 64 MiB";
    text += status.error().what;
    return status.error().hint.empty() ? text : text + ". " + status.error().hint;
  }

  HttpResponse response(std::string body) const {
    HttpResponse response{head_.status, head_.content_type, {}, std::move(body)};
    for (const HttpHeader& header : head_.headers) {
      if (!is_own(header.name) && !is_ours(header.name)) response.headers.push_back(header);
    }
    return response;
  }

  UpstreamClient& client_;
  const std::string provider_;
  const UpstreamRequest request_;
  std::shared_ptr<Exchange> exchange_;

  // Of the client's thread.
  int tried_ = 0;
  bool again_ = false, streaming_ = false, too_large_ = false;
  UpstreamHead head_;
  std::string body_;

  std::mutex mutex_;  // of transfer_
  uint64_t transfer_ = 0;
  std::atomic<bool> left_ = false;
};

}  // namespace

UpstreamRequest upstream_request(const UpstreamTarget& target, const HttpRequest& request) {
  UpstreamRequest up;
  up.method = request.method;
  up.url = target.address(request.path, request.query);
  // A compressed answer could not be read by the ledger, nor a list be added to; the client gets it as plain as it may
  // ask for anyway.
  const bool plain =
      request.path == kChatCompletions || request.path == kCompletions || request.path == kModels;
  bool has_encoding = false;
  for (const HttpHeader& header : request.headers) {
    if (is_own(header.name) || is_ours(header.name)) continue;
    if (!target.api_key.empty() && equal_ignoring_case(header.name, "authorization")) continue;
    const bool is_encoding = equal_ignoring_case(header.name, "accept-encoding");
    if (is_encoding && plain) continue;
    has_encoding |= is_encoding;
    up.headers.push_back(header);
  }
  if (!target.api_key.empty()) up.headers.push_back({"Authorization", "Bearer " + target.api_key});
  if (!has_encoding) up.headers.push_back({"Accept-Encoding", "identity"});
  up.body = target.model.empty() ? request.body : with_string_member(request.body, "model", target.model);
  return up;
}

void forward(const Upstreams& upstreams, const UpstreamTarget& target, std::shared_ptr<Exchange> exchange) {
  std::make_shared<Forwarding>(upstreams, target, std::move(exchange))->begin();
}

}  // namespace understudy
