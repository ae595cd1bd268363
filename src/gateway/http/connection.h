// Internal to http/server.cpp and http/connection.cpp: the only two files that see Boost.Asio (and, the
// second, Beast).
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "gateway/http/server.h"
#include "gateway/worker.h"

namespace understudy {

class Connection;

// What the connections of a server share. Everything but post() and `open` belongs to the I/O thread.
struct ServerCore {
  ServerCore(const HttpLimits& server_limits, HttpHandler server_handler)
      : limits(server_limits), handler(std::move(server_handler)) {}

  // Runs `task` on the I/O thread. Thread-safe. After close() it is dropped: exchanges may outlive the
  // server.
  void post(std::function<void()> task);
  void close();
  // Closes the connection that has been waiting for a request for longest; false if all have one.
  bool close_longest_idle();

  const HttpLimits limits;
  const HttpHandler handler;
  boost::asio::io_context io{1};
  Worker worker;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
  int requests_with_body = 0;
  bool draining = false;
  std::atomic<int> open{0};

 private:
  std::mutex mutex_;
  bool closed_ = false;
};

// Reads requests, hands them over one at a time, writes the answers. I/O thread only, but for core() and what
// it says of bytes.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(std::shared_ptr<ServerCore> core, boost::asio::ip::tcp::socket socket);
  ~Connection();

  void start();
  void close();       // at once; the exchange is disconnected
  void close_idle();  // if it has no request
  bool idle() const { return state_ == State::head; }
  Clock::time_point idle_since() const { return since_; }

  // The exchange's side.
  void respond(const HttpResponse& response);
  void begin_stream(const HttpResponse& head);
  void write(const std::string& data);
  void end_stream();
  void abandon();  // the exchange was released
  void on_disconnect(std::function<void()> callback);
  void note_usage(const AnswerUsage& usage);
  ServerCore& core() { return *core_; }
  // Thread-safe.
  void note_posted(size_t bytes) { posted_ += bytes; }
  size_t unsent_bytes() const { return posted_ + buffered_; }

 private:
  enum class State {
    head,       // waiting for a request, or in the middle of its head
    body,       // reading its body
    answering,  // the handler has it
    lingering,  // answered and shut down for writing; reads are thrown away
    closed,
  };
  struct Parser;  // Beast's, out of the header

  void read_more();
  void on_read(boost::system::error_code error, size_t bytes);
  void advance();
  void advance_head();
  void on_head(size_t head_size);
  void advance_body();
  void dispatch();
  void refuse(int status, const std::string& what);
  std::string response_head(const HttpResponse& response, std::string_view framing) const;
  void send(const std::string& data);
  void write_next();
  void on_written();
  void finish_request();
  void shut_down();
  void peer_gone();
  void set_deadline(std::chrono::milliseconds delay);
  void clear_deadline();
  void on_deadline();
  void record();

  std::shared_ptr<ServerCore> core_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer deadline_;
  State state_ = State::head;
  Clock::time_point since_ = Clock::now();  // of this wait for a request, or of the request's head

  std::string input_;  // received and not yet parsed
  std::vector<char> read_buffer_;
  bool reading_ = false, peer_eof_ = false;
  std::unique_ptr<Parser> parser_;

  std::unique_ptr<HttpRequest> request_;  // until the handler gets it
  bool keep_alive_ = true, head_only_ = false, http_1_0_ = false, has_body_ = false;
  AccessRecord access_;
  std::function<void()> on_disconnect_;

  std::string output_, writing_;
  std::atomic<size_t> posted_ = 0;    // of a stream, on their way to this thread
  std::atomic<size_t> buffered_ = 0;  // of output_ and writing_
  bool streaming_ = false, answered_ = false;
};

}  // namespace understudy
