// A call for tests: every field set, told apart by a number.
#pragma once

#include <fmt/format.h>

#include "store/call.h"

namespace understudy {

constexpr int64_t kSampleTime = 1'750'000'000'000;

inline Call sample_call(int number = 0) {
  Call call;
  call.time_ms = kSampleTime + number;
  call.project = "support";
  call.session = fmt::format("session-{}", number % 3);
  call.task = "intents";
  call.tags = {"production", fmt::format("tag-{}", number)};
  call.endpoint = "/v1/chat/completions";
  call.model = "gpt-4o";
  call.route = "up";
  call.reason = "no_policy";
  call.provider = "openai";
  call.target_model = "gpt-4o-2024-08-06";
  call.request =
      fmt::format(R"({{"model":"gpt-4o","messages":[{{"role":"user","content":"question {}"}}]}})", number);
  call.response = R"({"choices":[{"index":0,"message":{"role":"assistant","content":"answer"}}]})";
  call.streamed = true;
  call.status = 200;
  call.prompt_tokens = 12;
  call.completion_tokens = 0;
  call.total_ms = 612.5;
  call.cost_usd = 0.00025;
  return call;
}

}  // namespace understudy
