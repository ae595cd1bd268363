// OpenAI's fine-tuning file -> rows of training.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/model.h"
#include "train/sft.h"

namespace understudy {

struct TrainingFile {
  std::vector<SftRow> rows;
  std::vector<size_t> lines;  // of the file, from 1
};

// A line is {"messages": [..., {"role": "assistant", "content": ...}]}; the loss is on the last message. Empty lines
// are left out. Templates that write the date get that of the file. Errors: invalid_argument or unsupported, `where` is
// "FILE:LINE"; io.
Result<TrainingFile> read_training_file(const Model& model, const std::string& path);

// Takes `share` of the rows, in the order of the file, drawn from `seed`: at least one if the share is not 0, and never
// all of them.
TrainingFile split_off(TrainingFile& file, double share, uint64_t seed);

}  // namespace understudy
