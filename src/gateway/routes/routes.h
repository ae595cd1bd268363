// The table of routes. Each endpoint is one file of this folder; to add one, write it and add its row in
// routes.cpp.
#pragma once

#include <memory>
#include <string_view>

#include "gateway/http/exchange.h"
#include "gateway/service.h"

namespace understudy {

enum class Needs { nothing, generator, embedder };

struct Route {
  std::string_view method;  // GET routes answer HEAD as well
  std::string_view path;    // ends in "/*": any path below, not empty
  void (*handle)(Service& service, std::shared_ptr<Exchange> exchange);
  Needs needs = Needs::nothing;
  bool open = false;  // needs no key: the probes of orchestrators carry none
};

// nullptr: no such path.
const Route* find_route(std::string_view path);
bool allows_method(const Route& route, std::string_view method);

void chat_completions(Service& service, std::shared_ptr<Exchange> exchange);
void completions(Service& service, std::shared_ptr<Exchange> exchange);
void embeddings(Service& service, std::shared_ptr<Exchange> exchange);
void list_models(Service& service, std::shared_ptr<Exchange> exchange);
void get_model(Service& service, std::shared_ptr<Exchange> exchange);
void feedback(Service& service, std::shared_ptr<Exchange> exchange);
void health(Service& service, std::shared_ptr<Exchange> exchange);
void ready(Service& service, std::shared_ptr<Exchange> exchange);
void metrics(Service& service, std::shared_ptr<Exchange> exchange);

}  // namespace understudy
