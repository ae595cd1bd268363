// Service: everything behind the socket. Turns requests into answers of a ModelProvider, an EmbeddingProvider
// or both, through the table of routes.
#pragma once

#include <functional>
#include <memory>

#include "gateway/access.h"
#include "gateway/embedding_provider.h"
#include "gateway/http/server.h"
#include "gateway/http_metrics.h"
#include "gateway/provider.h"

namespace understudy {

class Service {
 public:
  // At least one of the providers; nullptr: its routes say that there is none. They must outlive the service
  // and every request in flight: destroy the HttpServer first, the providers last.
  Service(ModelProvider* generator, EmbeddingProvider* embedder, AccessPolicy access)
      : generator_(generator), embedder_(embedder), access_(std::move(access)) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // For one HttpServer, which must not outlive the service. `log` is called on its I/O thread after each
  // request.
  HttpHandler handler(std::function<void(const AccessRecord&)> log);

  ModelProvider* generator() { return generator_; }    // never nullptr in a route that needs one
  EmbeddingProvider* embedder() { return embedder_; }  // likewise
  const HttpMetrics& metrics() const { return metrics_; }

 private:
  ModelProvider* generator_;
  EmbeddingProvider* embedder_;
  AccessPolicy access_;
  HttpMetrics metrics_;
};

}  // namespace understudy
