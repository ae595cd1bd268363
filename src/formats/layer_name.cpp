#include "formats/layer_name.h"

#include <algorithm>

namespace understudy {

LayerName split_layer_name(std::string_view name) {
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (!part.empty() && std::all_of(part.begin(), part.end(), is_digit)) {
      return {std::string(name.substr(0, begin)) + "*" + std::string(name.substr(end)), std::string(part)};
    }
    begin = end + 1;
  }
  return {std::string(name), ""};
}

std::string with_layer(std::string_view pattern, std::string_view number) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return std::string(pattern);
  return std::string(pattern.substr(0, star)) + std::string(number) + std::string(pattern.substr(star + 1));
}

}  // namespace understudy
