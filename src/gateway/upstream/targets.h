// Where calls go that are not answered here: providers by name, and which model of which provider a requested model means.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gateway/upstream/client.h"

namespace understudy {

struct UpstreamTarget {
  std::string provider;    // its name in the configuration; "upstream" for serve --upstream
  std::string url;         // of the API, with or without "/v1"
  std::string api_key;     // "": the client's own Authorization passes
  std::string model = "";  // what the provider calls the model; "": as the client asked

  // The address of `path` ("/v1/models", decoded) there.
  std::string address(std::string_view path, std::string_view query) const;
};

// Error{invalid_argument} unless the URL is http or https with a host and without query or credentials.
Status check_upstream_url(const std::string& url);

// Immutable once served.
class Upstreams {
 public:
  // A target for every model that no route names; without one such models are not forwarded.
  std::optional<UpstreamTarget> fallback;
  std::map<std::string, UpstreamTarget, std::less<>> routes;  // by requested model
  // Requested models that this server's own model answers, and who takes over when it cannot.
  std::map<std::string, std::optional<UpstreamTarget>, std::less<>> local;

  static Result<std::unique_ptr<Upstreams>> create();

  // Fills `local`: this server's own model answers for these, and when it cannot, whoever answers for the second name ("":
  // nobody). Once the other routes are there. Error{not_found}: no upstream answers for that name.
  Status set_local(const std::map<std::string, std::string>& fallbacks);

  // Where such a model is answered; of a local one, who takes over. nullptr: nobody.
  const UpstreamTarget* find(std::string_view model) const;
  UpstreamClient& client() const { return *client_; }

 private:
  Upstreams() = default;
  std::unique_ptr<UpstreamClient> client_;
};

}  // namespace understudy
