// Specialist: what answers a task's calls in the incumbent's place: a head on embeddings, or a small model with
// an adapter. How it is made is ladder.h's matter, where it may answer live_policies.h's.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

struct SpecialistAnswer {
  std::string value;        // as DatasetRow::value: what answers are compared by
  std::string text;         // the answer as it is sent, in the incumbent's own form (DatasetRow::target)
  bool well_formed = true;  // it has the form that the contract promises
  double confidence = 0;    // calibrated on dev, in [0, 1]
  bool in_domain = true;    // the gate for foreign inputs let it through
  std::optional<double> distance;  // to the nearest training rows
  int prompt_tokens = 0, completion_tokens = 0;
  double total_ms = 0;
  double cpu_seconds = 0;
};

class Specialist {
 public:
  virtual ~Specialist() = default;

  virtual const std::string& hash() const = 0;  // SHA-256 of everything that its answers depend on
  virtual const std::string& rung() const = 0;  // "linear head on all-minilm:l6", "LoRA on smollm2:135m"

  // The answer to a call with these slots. Waits for it; thread-safe.
  virtual Result<SpecialistAnswer> answer(std::span<const std::string_view> slots) = 0;
};

}  // namespace understudy
