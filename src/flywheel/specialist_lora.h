// A small language model with an adapter into which a task's long prompt was
// trained: it reads the slots alone.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "eval/policy.h"
#include "flywheel/specialise.h"
#include "flywheel/specialist_files.h"
#include "flywheel/specialist_head.h"

namespace understudy {

inline constexpr std::string_view kLoraKind = "lora";

struct LoraMaking {
  std::string model;               // the base model's name
  std::shared_ptr<Engine> engine;  // of it
  std::string embedder;            // name of the domain gate's
  std::string embedder_digest;
  size_t embedder_width = 0;
  const EmbeddedSplit* train = nullptr;
  const EmbeddedSplit* dev = nullptr;
  double max_minutes = 0;  // of training; 0: no limit
  OnProgress on_progress;
  const std::atomic<bool>* cancelled = nullptr;
};

// Trains in FOLDER/run, where a run that was cut off goes on, and describes the
// specialist, uncalibrated, in manifest.spec; manifest.contract is set. Answers
// of a closed set are decoded by choosing among their tokens, others as text.
// Errors: those of train_sft and of the engine.
Status make_lora_specialist(SpecialistManifest& manifest, const std::string& folder,
                            const LoraMaking& making);

// Calibrates it by Platt's method with what it answered, uncalibrated, to the
// dev rows; their confidences become calibrated ones.
void calibrate_lora(SpecialistManifest& manifest, std::span<PolicyRow> dev);

Result<std::unique_ptr<Specialist>> load_lora_specialist(const SpecialistManifest& manifest,
                                                         const std::string& folder, Models& models);

}  // namespace understudy
