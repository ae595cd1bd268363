// LocalAttempt: a call that this server's own model answers in the place of another name, and that somebody else takes over
// when the model cannot: the queue is full, it fails, or it has not what the request asks for. Before the first byte only.
#pragma once

#include <functional>
#include <string>

#include "gateway/http/passing_exchange.h"

namespace understudy {

class LocalAttempt final : public PassingExchange {
 public:
  // Of an error that was about to be the answer: its code ("server_busy"). Called at most once, on any thread.
  using TakeOver = std::function<void(const std::string& code)>;

  // The request asks for `model` instead. Without `take_over` the client gets the error.
  LocalAttempt(std::shared_ptr<Exchange> inner, const std::string& model, TakeOver take_over);

  const HttpRequest& request() const override { return request_; }
  void respond(HttpResponse response) override;

 private:
  HttpRequest request_;
  const TakeOver take_over_;
};

}  // namespace understudy
