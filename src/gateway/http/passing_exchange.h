// PassingExchange: hands everything on to another exchange; what stands in between overrides what it changes.
#pragma once

#include <memory>
#include <utility>

#include "gateway/http/exchange.h"

namespace understudy {

class PassingExchange : public Exchange {
 public:
  explicit PassingExchange(std::shared_ptr<Exchange> inner) : inner_(std::move(inner)) {}

  const HttpRequest& request() const override { return inner_->request(); }
  void respond(HttpResponse response) override { inner_->respond(std::move(response)); }
  void begin_stream(HttpResponse head) override { inner_->begin_stream(std::move(head)); }
  void write(std::string data) override { inner_->write(std::move(data)); }
  size_t unsent_bytes() const override { return inner_->unsent_bytes(); }
  void end_stream() override { inner_->end_stream(); }
  void on_disconnect(std::function<void()> callback) override { inner_->on_disconnect(std::move(callback)); }
  void note_usage(const AnswerUsage& usage) override { inner_->note_usage(usage); }

 protected:
  const std::shared_ptr<Exchange> inner_;
};

}  // namespace understudy
