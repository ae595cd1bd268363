// A running specialist with an adapter, as making and loading it share it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "flywheel/lora_prompt.h"
#include "flywheel/models.h"
#include "flywheel/platt.h"
#include "flywheel/specialist.h"
#include "flywheel/task.h"
#include "train/heads/domain_gate.h"

namespace understudy {

struct LoraParts {
  std::string hash, rung;
  Contract contract;
  std::shared_ptr<Engine> engine;
  std::shared_ptr<const LoadedAdapter> adapter;
  LoraPrompt prompt;
  std::vector<KnownAnswer> answers;        // of a closed set; empty: text is generated
  std::shared_ptr<const Choices> choices;  // of `answers`
  int max_tokens = 0;                      // of generated text
  std::shared_ptr<TextEmbedder> embedder;  // of the gate
  std::shared_ptr<const DomainGate> gate;
  PlattScale calibration;
};

// An input outside its domain is not asked about.
class LoraSpecialist : public Specialist {
 public:
  explicit LoraSpecialist(LoraParts parts) : parts_(std::move(parts)) {}

  const std::string& hash() const override { return parts_.hash; }
  const std::string& rung() const override { return parts_.rung; }
  Result<SpecialistAnswer> answer(std::span<const std::string_view> slots) override;

 private:
  Status check_domain(const std::string& text, SpecialistAnswer& answer);
  Status choose(EngineRequest request, SpecialistAnswer& answer);
  Status generate(EngineRequest request, SpecialistAnswer& answer);

  LoraParts parts_;
};

}  // namespace understudy
