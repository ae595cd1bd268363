// Service: everything behind the socket. Turns requests into answers of a ModelProvider, an EmbeddingProvider,
// a specialist or an upstream (dispatch.h).
#pragma once

#include <functional>
#include <memory>

#include "gateway/access.h"
#include "gateway/embedding_provider.h"
#include "gateway/http/server.h"
#include "gateway/http_metrics.h"
#include "gateway/provider.h"

namespace understudy {

class Decider;
class Recorder;
class Upstreams;

// What stands beside the models of this machine; each may be nullptr.
struct Outside {
  const Upstreams* upstreams = nullptr;  // where calls go that are not answered here
  Recorder* recorder = nullptr;          // the ledger
  Decider* decider = nullptr;            // specialists in the incumbent's place
};

class Service {
 public:
  // At least one of the providers or the upstreams; nullptr: its routes say that there is none. All must outlive
  // the service and every request in flight: destroy the HttpServer first, then the upstreams, the providers last.
  Service(ModelProvider* generator, EmbeddingProvider* embedder, AccessPolicy access, Outside outside = {})
      : generator_(generator), embedder_(embedder), access_(std::move(access)), outside_(outside) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // For one HttpServer, which must not outlive the service. `log` is called on its I/O thread after each
  // request.
  HttpHandler handler(std::function<void(const AccessRecord&)> log);

  ModelProvider* generator() const { return generator_; }    // never nullptr in a route that needs one
  EmbeddingProvider* embedder() const { return embedder_; }  // likewise
  const Outside& outside() const { return outside_; }
  const HttpMetrics& metrics() const { return metrics_; }

 private:
  ModelProvider* generator_;
  EmbeddingProvider* embedder_;
  AccessPolicy access_;
  Outside outside_;
  HttpMetrics metrics_;
};

}  // namespace understudy
