// Dispatch: who answers a request: a route of this server, a specialist in the incumbent's place, or an upstream.
#pragma once

#include <memory>

#include "gateway/http/exchange.h"
#include "gateway/service.h"

namespace understudy {

// Whether a request of this path is answered at all: by a route, or passed through to an upstream.
bool is_served(const Service& service, const HttpRequest& request);

// On the server's worker thread. Returns at once.
void dispatch(Service& service, std::shared_ptr<Exchange> exchange);

}  // namespace understudy
