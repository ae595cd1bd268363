// embed: rows of an embedding table, times a scale.
//
// Computes  y[m] = scale * table[tokens[m]];  shapes tokens (M), table (V, C) packed, y (M, C)
// Backward: none; the table is frozen, and nothing lies below it.
#pragma once

#include <cstdint>
#include <span>

#include "ops/context.h"
#include "tensor/packed_matrix.h"

namespace understudy {

Rows embed(const Context& context, std::span<const int32_t> tokens, const PackedMatrix& table, float scale);

}  // namespace understudy
