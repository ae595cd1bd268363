// Tensor names with their layer's number apart: "blk.12.attn_q.weight" is "blk.*.attn_q.weight" and "12".
#pragma once

#include <string>
#include <string_view>

namespace understudy {

struct LayerName {
  std::string pattern, number;  // number: the first part of the name that is all digits; empty if none is
};
LayerName split_layer_name(std::string_view name);

// `pattern` with `number` for its star.
std::string with_layer(std::string_view pattern, std::string_view number);

}  // namespace understudy
