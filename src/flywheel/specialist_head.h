// The smallest specialist: a linear head on the embedding of the slots, for answers that are chosen from those known.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "flywheel/specialist_files.h"
#include "train/heads/linear_head.h"

namespace understudy {

inline constexpr std::string_view kHeadKind = "linear_head";
// New inputs like those of training that the domain gate lets through.
inline constexpr double kGateKeepShare = 0.99;

// Rows with the embedding of their slots. Rows that the embedder does not read to their end are left out.
struct EmbeddedSplit {
  std::vector<DatasetRow> rows;
  std::vector<float> values;  // (rows, width)
};
// `on_rows`, which may be empty, hears how many rows are done. Error{cancelled}.
Result<EmbeddedSplit> embed_rows(std::span<const DatasetRow> rows, std::span<const Slot> slots,
                                 TextEmbedder& embedder, const std::function<void(size_t)>& on_rows,
                                 const std::atomic<bool>* cancelled);

// Fits a head, writes it to `folder` and describes it in manifest.spec; manifest.contract is set. `model` is the
// embedder's name. Errors: invalid_argument (one answer only, no dev row with a known answer), io.
Status make_head_specialist(SpecialistManifest& manifest, const std::string& folder, const std::string& model,
                            const TextEmbedder& embedder, const EmbeddedSplit& train,
                            const EmbeddedSplit& dev);

Result<std::unique_ptr<Specialist>> load_head_specialist(const SpecialistManifest& manifest,
                                                         const std::string& folder, Models& models);

}  // namespace understudy
