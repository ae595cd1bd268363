#include "gateway/routes/routes.h"

namespace understudy {
namespace {

constexpr Route kRoutes[] = {
    {"POST", "/v1/chat/completions", chat_completions, Needs::generator},
    {"POST", "/v1/completions", completions, Needs::generator},
    {"POST", "/v1/embeddings", embeddings, Needs::embedder},
    {"GET", "/v1/models", list_models},
    {"GET", "/v1/models/*", get_model},
    {"POST", "/feedback", feedback},
    {"GET", "/health", health, Needs::nothing, true},
    {"GET", "/ready", ready, Needs::nothing, true},
    {"GET", "/metrics", metrics},
};

bool matches(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with("/*")) return path == pattern;
  pattern.remove_suffix(1);
  return path.size() > pattern.size() && path.starts_with(pattern);
}

}  // namespace

const Route* find_route(std::string_view path) {
  for (const Route& route : kRoutes) {
    if (matches(route.path, path)) return &route;
  }
  return nullptr;
}

bool allows_method(const Route& route, std::string_view method) {
  return method == route.method || (method == "HEAD" && route.method == "GET");
}

}  // namespace understudy
