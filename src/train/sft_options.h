// What decides the result of a fine-tuning: checked, and as the manifest of its run.
#pragma once

#include <boost/json/object.hpp>
#include <span>

#include "train/sft.h"

namespace understudy {

// Errors: invalid_argument, `where` is the option.
Status check_options(const SftOptions& options);

boost::json::object manifest_of(const Model& model, std::span<const SftRow> train,
                                std::span<const SftRow> dev, const SftOptions& options, const SftRun& run);

// A float as the decimal that people gave.
double decimal(float value);

}  // namespace understudy
