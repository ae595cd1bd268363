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
  return refuse_path(service, request);
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
