// A small language model with an adapter into which a task's long prompt was
// trained: it reads the slots alone.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>

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
  Models* models = nullptr;  // that both come from
  const EmbeddedSplit* train = nullptr;
  const EmbeddedSplit* dev = nullptr;
  double max_minutes = 0;  // of training; 0: no limit
  OnProgress on_progress;
  const std::atomic<bool>* cancelled = nullptr;
};

// Trains in FOLDER/run, where a run that was cut off goes on, calibrates on dev
// and describes the specialist in manifest.spec; manifest.contract is set.
// Answers of a closed set are decoded by choosing among their tokens, others as
// text. Errors: those of train_sft and of the engine.
Status make_lora_specialist(SpecialistManifest& manifest, const std::string& folder,
                            const LoraMaking& making);

Result<std::unique_ptr<Specialist>> load_lora_specialist(const SpecialistManifest& manifest,
                                                         const std::string& folder, Models& models);

}  // namespace understudy
