// Forwarding: one request to an upstream, and its answer back to the client, unchanged but for model and credentials.
#pragma once

#include <memory>

#include "gateway/http/exchange.h"
#include "gateway/upstream/targets.h"

namespace understudy {

// Tries per request. Again only while the client has no byte of an answer: when the upstream cannot be reached, breaks
// off, or says 502, 503 or 504. 429 passes: clients have their own way to wait, and know from the headers how long.
inline constexpr int kUpstreamTries = 3;

// Returns at once. An event stream is passed on as it comes, anything else when it is whole. When the client leaves, the
// upstream's work is cancelled. `upstreams` must outlive the exchange.
void forward(const Upstreams& upstreams, const UpstreamTarget& target, std::shared_ptr<Exchange> exchange);

// Sends the request of an exchange that is answered already, and gives the answer to `receiver`.
UpstreamRequest upstream_request(const UpstreamTarget& target, const HttpRequest& request);

}  // namespace understudy
