// Who may talk to the server: the Host and Origin checks that keep web pages and rebound DNS names out of a
// server on the user's own machine (CVE-2024-28224), and the API key.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "gateway/http/message.h"

namespace understudy {

struct AccessPolicy {
  std::string api_key;             // "": none is asked for
  std::vector<std::string> hosts;  // names a Host header may carry besides the loopback names; without a port
  bool any_ip_host = false;  // bound to all interfaces: any IP address is ours; a rebound name never is one
};

// The policy of a server bound to `bind_host`. Error{forbidden}: an address that others can reach, and no
// key.
Result<AccessPolicy> make_access_policy(const std::string& bind_host, std::string api_key,
                                        const std::vector<std::string>& allowed_hosts);

// Error{forbidden}: foreign Host or Origin.
Status check_origin(const AccessPolicy& policy, const HttpRequest& request);
// Error{unauthenticated}: no key or a wrong one. The time taken depends on the presented key's length only.
Status check_key(const AccessPolicy& policy, const HttpRequest& request);

}  // namespace understudy
