#include "gateway/http/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <ctime>
#include <exception>

#include "gateway/http/head_scanner.h"
#include "gateway/http/target.h"
#include "gateway/random_id.h"

namespace understudy {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using asio::ip::tcp;
using std::chrono::milliseconds;

namespace {

constexpr size_t kReadBytes = 16 << 10;

// An exchange holds its connection; the connection holds nothing of the exchange but its on_disconnect
// callback.
class ConnectionExchange final : public Exchange {
 public:
  ConnectionExchange(std::shared_ptr<Connection> connection, HttpRequest request)
      : connection_(std::move(connection)), request_(std::move(request)) {}
  ~ConnectionExchange() override {
    if (!ended_) post([](Connection& connection) { connection.abandon(); });
  }

  const HttpRequest& request() const override { return request_; }

  void respond(HttpResponse response) override {
    if (ended_.exchange(true)) return;
    post([response = std::move(response)](Connection& connection) { connection.respond(response); });
  }
  void begin_stream(HttpResponse head) override {
    if (ended_) return;
    post([head = std::move(head)](Connection& connection) { connection.begin_stream(head); });
  }
  void write(std::string data) override {
    if (ended_ || data.empty()) return;
    connection_->note_posted(data.size());
    post([data = std::move(data)](Connection& connection) { connection.write(data); });
  }
  size_t unsent_bytes() const override { return connection_->unsent_bytes(); }
  void end_stream() override {
    if (ended_.exchange(true)) return;
    post([](Connection& connection) { connection.end_stream(); });
  }
  void on_disconnect(std::function<void()> callback) override {
    if (ended_) return;
    post([callback = std::move(callback)](Connection& connection) { connection.on_disconnect(callback); });
  }
  void note_usage(const AnswerUsage& usage) override {
    if (ended_) return;
    post([usage](Connection& connection) { connection.note_usage(usage); });
  }

 private:
  template <typename Call>
  void post(Call call) {
    connection_->core().post([connection = connection_, call = std::move(call)] { call(*connection); });
  }

  std::shared_ptr<Connection> connection_;
  HttpRequest request_;
  std::atomic<bool> ended_{false};
};

std::string http_date() {
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

}  // namespace

struct Connection::Parser {
  HeadScanner scanner;
  beast_http::request_parser<beast_http::string_body> beast;
  explicit Parser(const HttpLimits& limits) {
    beast.header_limit(static_cast<uint32_t>(limits.header_bytes));
    beast.body_limit(limits.body_bytes);
    beast.eager(true);
  }
};

Connection::Connection(std::shared_ptr<ServerCore> core, tcp::socket socket)
    : core_(std::move(core)), socket_(std::move(socket)), deadline_(core_->io), read_buffer_(kReadBytes) {}

Connection::~Connection() = default;

void Connection::start() {
  core_->connections.emplace(this, shared_from_this());
  core_->open = static_cast<int>(core_->connections.size());
  boost::system::error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  parser_ = std::make_unique<Parser>(core_->limits);
  set_deadline(core_->limits.idle_timeout);
  read_more();
}

void Connection::close() {
  if (state_ == State::closed) return;
  auto self = shared_from_this();
  if (state_ == State::answering || state_ == State::body) {
    peer_gone();
    record();
  }
  state_ = State::closed;
  clear_deadline();
  boost::system::error_code ignored;
  socket_.close(ignored);
  core_->connections.erase(this);
  core_->open = static_cast<int>(core_->connections.size());
}

void Connection::close_idle() {
  if (state_ == State::head || state_ == State::lingering) close();
}

// --- reading
// -----------------------------------------------------------------------------------------------------

// A read is always pending, also while a request is answered: that is how a client that leaves is noticed at
// once. Only a client that sends ahead more than a head's worth is left unread until its turn comes.
void Connection::read_more() {
  if (reading_ || peer_eof_ || state_ == State::closed) return;
  if (state_ == State::answering && input_.size() >= core_->limits.header_bytes) return;
  reading_ = true;
  socket_.async_read_some(asio::buffer(read_buffer_),
                          [self = shared_from_this()](boost::system::error_code error, size_t bytes) {
                            self->on_read(error, bytes);
                          });
}

void Connection::on_read(boost::system::error_code error, size_t bytes) {
  reading_ = false;
  if (state_ == State::closed) return;
  if (error) {
    if (error != asio::error::eof || state_ != State::answering) return close();
    // The client may only have ended its side; a handler that does not care about its leaving can still
    // answer.
    peer_eof_ = true;
    keep_alive_ = false;
    peer_gone();
    return;
  }
  if (state_ != State::lingering) input_.append(read_buffer_.data(), bytes);
  advance();
  read_more();
}

void Connection::advance() {
  if (state_ == State::head) advance_head();
  if (state_ == State::body) advance_body();
}

void Connection::advance_head() {
  if (input_.empty()) return;
  bool first_bytes = !request_;
  if (first_bytes) {
    request_ = std::make_unique<HttpRequest>();
    access_.request_id = request_->id = random_id("req_");
    set_deadline(core_->limits.header_timeout);
  }
  switch (parser_->scanner.scan(input_)) {
    case HeadScanner::State::bad:
      return refuse(400, "The request is malformed: " + std::string(parser_->scanner.problem()));
    case HeadScanner::State::incomplete:
      if (input_.size() <= core_->limits.header_bytes) return;
      break;
    case HeadScanner::State::complete:
      if (parser_->scanner.head_size() <= core_->limits.header_bytes) {
        return on_head(parser_->scanner.head_size());
      }
  }
  refuse(431, fmt::format("The request head exceeds {} bytes", core_->limits.header_bytes));
}

void Connection::on_head(size_t head_size) {
  since_ = Clock::now();
  boost::system::error_code error;
  parser_->beast.put(asio::buffer(input_.data(), head_size), error);
  input_.erase(0, head_size);
  if (error == beast_http::error::body_limit) {
    return refuse(413, fmt::format("The request body exceeds {} bytes", core_->limits.body_bytes));
  }
  if (error && error != beast_http::error::need_more) {
    return refuse(400, "The request is malformed: " + error.message());
  }
  const auto& message = parser_->beast.get();
  auto target = parse_target({message.target().data(), message.target().size()});
  if (!target) return refuse(400, target.error().message());
  request_->method = std::string(message.method_string());
  request_->path = std::move(target->path);
  request_->query = std::move(target->query);
  // Copied now, because Beast adds trailer fields, which nobody has checked, to the message's own.
  for (const auto& field : message) {
    request_->headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  access_.method = request_->method;
  access_.path = request_->path;
  head_only_ = request_->method == "HEAD";
  http_1_0_ = message.version() == 10;
  keep_alive_ = parser_->beast.keep_alive() && !core_->draining;
  has_body_ = !parser_->beast.is_done();
  state_ = State::body;

  std::optional<HttpResponse> refusal = core_->handler.admit(*request_);
  if (!refusal && has_body_ && core_->requests_with_body >= core_->limits.requests_with_body) {
    refusal = core_->handler.refuse(503, "The server is busy");
  }
  if (refusal) {
    if (has_body_) keep_alive_ = false;  // the body stays unread
    has_body_ = false;
    state_ = State::answering;
    return respond(*refusal);
  }
  if (!has_body_) return dispatch();
  ++core_->requests_with_body;
  set_deadline(core_->limits.body_timeout);
  if (message[beast_http::field::expect] == "100-continue") send("HTTP/1.1 100 Continue\r\n\r\n");
}

void Connection::advance_body() {
  boost::system::error_code error;
  while (!input_.empty() && !parser_->beast.is_done()) {
    size_t used = parser_->beast.put(asio::buffer(input_), error);
    input_.erase(0, used);
    if (error == beast_http::error::need_more || (!error && used == 0)) break;
    if (error == beast_http::error::body_limit) {
      return refuse(413, fmt::format("The request body exceeds {} bytes", core_->limits.body_bytes));
    }
    if (error) return refuse(400, "The request body is malformed: " + error.message());
  }
  // What the parser leaves unread is a chunk header or trailer that is still incomplete.
  if (!parser_->beast.is_done() && input_.size() > core_->limits.header_bytes) {
    return refuse(400, "The request body is malformed: a chunk header or trailer is too long");
  }
  if (parser_->beast.is_done()) dispatch();
}

void Connection::dispatch() {
  state_ = State::answering;
  clear_deadline();
  request_->body = std::move(parser_->beast.get().body());
  std::shared_ptr<Exchange> exchange =
      std::make_shared<ConnectionExchange>(shared_from_this(), std::move(*request_));
  core_->worker.post([core = core_, exchange = std::move(exchange)]() mutable {
    try {
      core->handler.handle(std::move(exchange));
    } catch (const std::exception&) {
      // Nothing here throws by design; what the standard library throws costs one request (its exchange,
      // released without an answer, is a 500), not the server.
    }
  });
}

// --- answering
// ---------------------------------------------------------------------------------------------------

void Connection::refuse(int status, const std::string& what) {
  state_ = State::answering;
  keep_alive_ = false;
  respond(core_->handler.refuse(status, what));
}

std::string Connection::response_head(const HttpResponse& response, std::string_view framing) const {
  const auto has = [&](std::string_view name) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [&](const HttpHeader& header) { return equal_ignoring_case(header.name, name); });
  };
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  head += fmt::format("Content-Type: {}\r\nConnection: {}\r\n", response.content_type,
                      keep_alive_ ? "keep-alive" : "close");
  // What an upstream said of these is passed on.
  if (!has("date")) head += fmt::format("Date: {}\r\n", http_date());
  if (!has("x-content-type-options")) head += "X-Content-Type-Options: nosniff\r\n";
  if (!has("x-request-id")) head += fmt::format("x-request-id: {}\r\n", access_.request_id);
  for (const HttpHeader& header : response.headers) head += header.name + ": " + header.value + "\r\n";
  return head.append(framing).append("\r\n");
}

void Connection::respond(const HttpResponse& response) {
  if (state_ != State::answering || answered_ || streaming_) return;
  answered_ = true;
  access_.status = response.status;
  if (core_->draining) keep_alive_ = false;
  std::string message = response_head(response, fmt::format("Content-Length: {}\r\n", response.body.size()));
  if (!head_only_) message += response.body;
  send(message);
}

void Connection::begin_stream(const HttpResponse& head) {
  if (state_ != State::answering || answered_ || streaming_) return;
  streaming_ = true;
  access_.status = head.status;
  // HTTP/1.0 knows no chunks: the end of the connection ends the answer.
  if (http_1_0_ || core_->draining) keep_alive_ = false;
  send(response_head(head, http_1_0_ ? "" : "Transfer-Encoding: chunked\r\n"));
}

void Connection::write(const std::string& data) {
  posted_ -= data.size();
  if (state_ != State::answering || !streaming_ || answered_) return;
  if (output_.size() + writing_.size() > core_->limits.unsent_bytes) return close();
  send(http_1_0_ ? data : fmt::format("{:x}\r\n", data.size()) + data + "\r\n");
}

void Connection::end_stream() {
  if (state_ != State::answering || !streaming_ || answered_) return;
  answered_ = true;
  send(http_1_0_ ? "" : "0\r\n\r\n");
}

void Connection::abandon() {
  if (state_ != State::answering || answered_) return;
  if (streaming_ || peer_eof_) return close();
  respond(core_->handler.refuse(500, "The request was not answered"));
}

void Connection::on_disconnect(std::function<void()> callback) {
  if (answered_) return;
  on_disconnect_ = std::move(callback);
  if (state_ == State::closed || peer_eof_) peer_gone();
}

void Connection::note_usage(const AnswerUsage& usage) {
  access_.prompt_tokens = usage.prompt_tokens;
  access_.completion_tokens = usage.completion_tokens;
}

void Connection::peer_gone() {
  auto callback = std::exchange(on_disconnect_, nullptr);
  if (callback) callback();
}

// --- writing
// -----------------------------------------------------------------------------------------------------

void Connection::send(const std::string& data) {
  output_ += data;
  buffered_ += data.size();
  if (writing_.empty()) write_next();
}

void Connection::write_next() {
  if (output_.empty()) return on_written();
  writing_ = std::exchange(output_, {});
  set_deadline(core_->limits.write_timeout);
  asio::async_write(socket_, asio::buffer(writing_),
                    [self = shared_from_this()](boost::system::error_code error, size_t) {
                      self->buffered_ -= self->writing_.size();
                      self->writing_.clear();
                      if (self->state_ == State::closed) return;
                      if (error) return self->close();
                      self->write_next();
                    });
}

void Connection::on_written() {
  if (state_ == State::body) return set_deadline(core_->limits.body_timeout);  // "100 Continue" is out
  if (state_ != State::answering) return;
  if (answered_) return finish_request();
  clear_deadline();  // the next part of the stream takes as long as it takes
}

void Connection::record() {
  access_.duration = std::chrono::duration_cast<milliseconds>(Clock::now() - since_);
  core_->handler.finished(access_);
  if (has_body_) --core_->requests_with_body;
}

void Connection::finish_request() {
  access_.complete = true;
  record();
  on_disconnect_ = nullptr;
  if (!keep_alive_ || core_->draining) return shut_down();
  access_ = {};
  request_ = nullptr;
  parser_ = std::make_unique<Parser>(core_->limits);
  head_only_ = http_1_0_ = has_body_ = streaming_ = answered_ = false;
  since_ = Clock::now();
  state_ = State::head;
  set_deadline(core_->limits.idle_timeout);
  advance();
  read_more();
}

// Closing with unread input would make the kernel send a reset, which may overtake the answer. So the client
// gets a moment to read it and to close.
void Connection::shut_down() {
  if (peer_eof_) {
    state_ = State::lingering;
    return close();
  }
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  state_ = State::lingering;
  input_.clear();
  set_deadline(core_->limits.linger);
  read_more();
}

// --- deadlines
// ---------------------------------------------------------------------------------------------------

void Connection::set_deadline(milliseconds delay) {
  deadline_.expires_after(delay);
  deadline_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
    if (!cancelled && self->deadline_.expiry() <= Clock::now()) self->on_deadline();
  });
}

// Not cancel(): the wait may have ended already and its handler be on its way.
void Connection::clear_deadline() { deadline_.expires_at(Clock::time_point::max()); }

void Connection::on_deadline() {
  if (state_ == State::head && !request_) return close();
  if (state_ == State::head) return refuse(408, "The request head took too long");
  if (state_ == State::body) return refuse(408, "The request body took too long");
  close();
}

}  // namespace understudy
