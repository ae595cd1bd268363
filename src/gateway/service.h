// Service: everything behind the socket. Turns requests into answers of one ModelProvider, through the table
// of routes.
#pragma once

#include <functional>
#include <memory>

#include "gateway/access.h"
#include "gateway/http/server.h"
#include "gateway/http_metrics.h"
#include "gateway/provider.h"

namespace understudy {

class Service {
 public:
  // `provider` must outlive the service and every request in flight: destroy the HttpServer first, the
  // provider last.
  Service(ModelProvider& provider, AccessPolicy access) : provider_(provider), access_(std::move(access)) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // For one HttpServer, which must not outlive the service. `log` is called on its I/O thread after each
  // request.
  HttpHandler handler(std::function<void(const AccessRecord&)> log);

  ModelProvider& provider() { return provider_; }
  const HttpMetrics& metrics() const { return metrics_; }

 private:
  ModelProvider& provider_;
  AccessPolicy access_;
  HttpMetrics metrics_;
};

}  // namespace understudy
