#include "ops/embed.h"

namespace understudy {

Rows embed(const Context& context, std::span<const int32_t> tokens, const PackedMatrix& table, float scale) {
  Rows y = context.rows(static_cast<int>(tokens.size()), table.k());
  context.each_row(y.rows, 8 * y.width, [&](int row) {
    table.unpack_row(tokens[static_cast<size_t>(row)], y.row(row));
    if (scale != 1.0f) {
      for (int i = 0; i < y.width; i++) y.row(row)[i] *= scale;
    }
  });
  return y;
}

}  // namespace understudy
