#include "app/demo/demo_gateway.h"

#include <fmt/format.h>

#include "flywheel/live_policies.h"
#include "gateway/http/server.h"
#include "gateway/ledger/recorder.h"
#include "gateway/policy_decider.h"
#include "gateway/service.h"
#include "gateway/upstream/targets.h"

namespace understudy {

// Destroyed from the last to the first: who is asked goes after who asks.
struct DemoGateway::Impl {
  std::unique_ptr<LivePolicies> policies;
  std::unique_ptr<Recorder> recorder;
  std::unique_ptr<Service> service;
  std::unique_ptr<Upstreams> upstreams;
  std::unique_ptr<PolicyDecider> decider;
  std::unique_ptr<HttpServer> server;
};

DemoGateway::DemoGateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DemoGateway::~DemoGateway() = default;

std::string DemoGateway::url() const { return fmt::format("http://127.0.0.1:{}", impl_->server->port()); }

Result<std::unique_ptr<DemoGateway>> DemoGateway::start(const std::string& home, const std::string& upstream,
                                                        Store& store, Models& models) {
  RETURN_IF_ERROR(check_upstream_url(upstream));
  auto impl = std::make_unique<Impl>();
  ASSIGN_OR_RETURN(impl->policies, LivePolicies::open(home, models));
  RecorderOptions recorder;
  recorder.usd_per_cpu_hour = kUsdPerCpuHour;
  impl->recorder = std::make_unique<Recorder>(store, std::move(recorder));
  ASSIGN_OR_RETURN(impl->upstreams, Upstreams::create());
  impl->upstreams->fallback = UpstreamTarget{"upstream", upstream, ""};
  impl->decider = std::make_unique<PolicyDecider>(*impl->policies);
  ASSIGN_OR_RETURN(AccessPolicy access, make_access_policy("127.0.0.1", "", {}));
  impl->service =
      std::make_unique<Service>(nullptr, nullptr, std::move(access),
                                Outside{impl->upstreams.get(), impl->recorder.get(), impl->decider.get()});
  ASSIGN_OR_RETURN(impl->server, HttpServer::start({.host = "127.0.0.1", .port = 0, .limits = {}},
                                                   impl->service->handler(nullptr)));
  return std::unique_ptr<DemoGateway>(new DemoGateway(std::move(impl)));
}

}  // namespace understudy
