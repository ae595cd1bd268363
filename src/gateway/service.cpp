#include "gateway/service.h"

#include "gateway/dispatch.h"
#include "gateway/routes/openai_error.h"
#include "gateway/routes/routes.h"

namespace understudy {
namespace {

// What can be said without the body. Order matters: a foreign page learns nothing, not even which routes
// exist.
std::optional<HttpResponse> admit(const Service& service, const AccessPolicy& access,
                                  const HttpRequest& request) {
  if (Status status = check_origin(access, request); !status.ok()) return error_response(status.error());
  const Route* route = find_route(request.path);
  bool open = route && route->open;
  if (Status status = check_key(access, request); !open && !status.ok())
    return error_response(status.error());
  if (!is_served(service, request))
    return error_response(404, "Unknown request URL: " + request.path, "unknown_url");
  // What an upstream has on this path is its own matter.
  const bool passed = service.outside().upstreams != nullptr && request.path.starts_with("/v1/");
  if (!passed && !allows_method(*route, request.method)) {
    HttpResponse response =
        error_response(405, "This URL takes " + std::string(route->method) + " only", "method_not_allowed");
    response.headers.push_back({"Allow", std::string(route->method)});
    return response;
  }
  return std::nullopt;
}

}  // namespace

HttpHandler Service::handler(std::function<void(const AccessRecord&)> log) {
  HttpHandler handler;
  handler.admit = [this](const HttpRequest& request) { return admit(*this, access_, request); };
  handler.handle = [this](std::shared_ptr<Exchange> exchange) { dispatch(*this, std::move(exchange)); };
  handler.refuse = [](int status, const std::string& what) { return error_response(status, what); };
  handler.finished = [this, log = std::move(log)](const AccessRecord& record) {
    const Route* route = find_route(record.path);
    metrics_.count(route ? route->path : "other", record);
    if (log) log(record);
  };
  return handler;
}

}  // namespace understudy
