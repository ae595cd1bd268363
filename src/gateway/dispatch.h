// Dispatch: who answers a request: a route of this server, a specialist in the incumbent's place, or an upstream.
#pragma once

#include <memory>
#include <optional>

#include "gateway/http/exchange.h"
#include "gateway/service.h"

namespace understudy {

// What can be said of path and method without the body: the refusal of a request that no route takes and no upstream may
// get. Which upstream that is, if any, depends on the body's model.
std::optional<HttpResponse> refuse_path(const Service& service, const HttpRequest& request);

// On the server's worker thread. Returns at once.
void dispatch(Service& service, std::shared_ptr<Exchange> exchange);

}  // namespace understudy
