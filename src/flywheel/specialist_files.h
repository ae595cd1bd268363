// A specialist as a folder: manifest.json, and the files that its manifest names with their hashes.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/leak.h"
#include "eval/margin.h"
#include "eval/proof.h"
#include "flywheel/dataset.h"
#include "flywheel/models.h"
#include "flywheel/specialist.h"
#include "flywheel/task.h"

namespace understudy {

struct SpecialistManifest {
  // Everything that its answers depend on: its kind, models by name and digest, files by their SHA-256, slots,
  // answers, calibration.
  boost::json::object spec;
  Contract contract;

  // Where it comes from.
  std::string dataset_folder;  // inside the home folder
  DatasetHashes dataset;
  std::vector<std::string>
      groups;  // of every row that training, calibration or the choice of tau looked at (P9)
  double seconds = 0, cpu_seconds = 0;

  // What dev says of it.
  Truth truth = Truth::agreement;
  Margin margin;
  std::optional<double> tau;  // empty: at no tau may it answer
  double dev_local_share = 0, dev_discordant_share = 0;
  boost::json::object dev, benchmark;  // figures, for people

  std::string rung() const;  // "linear head on all-minilm:l6"
  std::string hash() const;  // SHA-256 of spec
  TrainManifest train_manifest() const;
  // With tau 1 if there is none.
  PolicyIdentity policy() const;
};

boost::json::object to_json(const SpecialistManifest& manifest);
// Error{corrupt} names the member that is missing or wrong.
Result<SpecialistManifest> manifest_from_json(const boost::json::value& value);

// Replaces FOLDER/manifest.json; a folder without one holds no specialist yet.
Status write_manifest(const SpecialistManifest& manifest, const std::string& folder);
// Error{not_found}, Error{corrupt}.
Result<SpecialistManifest> read_manifest(const std::string& folder);

// The file of a specialist that `part` of its spec names: {"file": NAME, "sha256": ...}. Error{corrupt} unless its
// bytes have that hash.
Result<std::string> read_part(const boost::json::object& spec, std::string_view part,
                              const std::string& folder);

// Ready to answer. Errors: corrupt (a file is not the one that the manifest names), not_found (a model), unsupported
// (another model than it was made for).
Result<std::unique_ptr<Specialist>> load_specialist(const SpecialistManifest& manifest,
                                                    const std::string& folder, Models& models);

}  // namespace understudy
