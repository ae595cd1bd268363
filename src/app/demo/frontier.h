// The frontier stand-in: an OpenAI-compatible server on a loopback port that answers like a distant, mostly right
// model. It says in every answer what it is: in the model's name, in `owned_by` and in a header.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/demo/frontier_answers.h"
#include "base/result.h"
#include "gateway/http/server.h"

namespace understudy {

// What clients ask for. The part after the slash is a real model, whose list price (store/default_prices.cpp) makes the
// costs of the demo real figures.
inline constexpr const char* kStandInModel = "frontier-stand-in/gpt-6-sol";
inline constexpr const char* kStandInHeader = "x-frontier-stand-in";

struct FrontierOptions {
  uint16_t port = 0;                       // 0: any free one
  std::chrono::milliseconds latency{600};  // from request to answer, streamed or not
};

class Frontier {
 public:
  // Listens when it returns. `answers` must outlive it.
  static Result<std::unique_ptr<Frontier>> start(const FrontierAnswers& answers, FrontierOptions options);
  // Requests that still wait for their answer get none.
  ~Frontier();

  std::string url() const;  // "http://127.0.0.1:PORT/v1"

 private:
  struct Impl;
  explicit Frontier(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy
