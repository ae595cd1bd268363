#include "gateway/http/server.h"

#include <fmt/format.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <vector>

#include "gateway/http/connection.h"

namespace understudy {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {
// Accepting fails when the process is out of file descriptors; trying again at once would spin.
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);

Error io_error(const std::string& what, const boost::system::error_code& error, std::string hint = "") {
  return {ErrorCode::io, what + ": " + error.message(), "", std::move(hint)};
}
}  // namespace

void ServerCore::post(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  if (!closed_) asio::post(io, std::move(task));
}

void ServerCore::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
}

bool ServerCore::close_longest_idle() {
  std::shared_ptr<Connection> longest;
  for (const auto& [_, connection] : connections) {
    if (connection->idle() && (!longest || connection->idle_since() < longest->idle_since())) {
      longest = connection;
    }
  }
  if (longest) longest->close();
  return longest != nullptr;
}

struct HttpServer::Impl {
  Impl(const HttpLimits& limits, HttpHandler handler)
      : core(std::make_shared<ServerCore>(limits, std::move(handler))),
        acceptor(core->io),
        retry(core->io),
        work(core->io.get_executor()) {}

  Status listen(const std::string& host, uint16_t port_wanted);
  void accept();
  void on_accept(boost::system::error_code error, tcp::socket socket);
  void stop_accepting();

  std::shared_ptr<ServerCore> core;
  tcp::acceptor acceptor;
  asio::steady_timer retry;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  uint16_t port = 0;
  std::atomic<bool> draining{false};
  std::thread thread;
};

Status HttpServer::Impl::listen(const std::string& host, uint16_t port_wanted) {
  boost::system::error_code error;
  auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) {
    return Error{ErrorCode::invalid_argument, "'" + host + "' is not an IP address", "--host",
                 "Use 127.0.0.1, or 0.0.0.0 for all interfaces"};
  }
  tcp::endpoint endpoint(address, port_wanted);
  acceptor.open(endpoint.protocol(), error);
  if (error) return io_error("cannot open a socket", error);
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return io_error(fmt::format("cannot listen on {} port {}", host, port_wanted), error,
                    "Choose another address with --host and --port");
  }
  port = acceptor.local_endpoint(error).port();
  return {};
}

void HttpServer::Impl::accept() {
  acceptor.async_accept(
      [this](boost::system::error_code error, tcp::socket socket) { on_accept(error, std::move(socket)); });
}

void HttpServer::Impl::on_accept(boost::system::error_code error, tcp::socket socket) {
  if (!acceptor.is_open()) return;
  if (error) {
    retry.expires_after(kAcceptRetry);
    retry.async_wait([this](boost::system::error_code cancelled) {
      if (!cancelled && acceptor.is_open()) accept();
    });
    return;
  }
  bool room = core->open < core->limits.connections || core->close_longest_idle();
  if (room) std::make_shared<Connection>(core, std::move(socket))->start();
  accept();
}

void HttpServer::Impl::stop_accepting() {
  boost::system::error_code ignored;
  acceptor.close(ignored);
  retry.cancel();
  core->draining = true;
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(Options options, HttpHandler handler) {
  auto impl = std::make_unique<Impl>(options.limits, std::move(handler));
  RETURN_IF_ERROR(impl->listen(options.host, options.port));
  impl->accept();
  impl->thread = std::thread([io = &impl->core->io] { io->run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  impl_->core->post([impl = impl_.get()] {
    impl->stop_accepting();
    auto connections = impl->core->connections;  // close() erases from the original
    for (const auto& [_, connection] : connections) connection->close();
  });
  impl_->core->worker.stop();
  impl_->core->close();
  impl_->work.reset();
  impl_->thread.join();
}

uint16_t HttpServer::port() const { return impl_->port; }

int HttpServer::connections() const { return impl_->core->open; }

void HttpServer::drain() {
  impl_->core->post([impl = impl_.get()] {
    impl->stop_accepting();
    auto connections = impl->core->connections;
    for (const auto& [_, connection] : connections) connection->close_idle();
    impl->draining = true;
  });
}

bool HttpServer::drained() const { return impl_->draining && impl_->core->open == 0; }

}  // namespace understudy
