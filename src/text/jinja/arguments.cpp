#include "text/jinja/arguments.h"

#include <algorithm>

namespace understudy::jinja {

Result<TextPtr> Bound::text(size_t i) const {
  if (!values_[i]->is_text()) {
    return type_error(std::string(function_) + "() needs a string, not '" +
                      std::string(values_[i]->type_name()) + "'");
  }
  return values_[i]->as<TextPtr>();
}

Result<int64_t> Bound::integer(size_t i, std::optional<int64_t> otherwise) const {
  if (!has(i) && otherwise) return *otherwise;
  if (!values_[i]->is_integral()) {
    return type_error(std::string(function_) + "() needs an integer, not '" +
                      std::string(values_[i]->type_name()) + "'");
  }
  return values_[i]->integer();
}

Result<Bound> bind(std::string_view function, const Arguments& arguments,
                   std::initializer_list<std::string_view> names, size_t required) {
  Bound bound(function, names.size());
  if (arguments.positional.size() > names.size()) {
    return type_error(std::string(function) + "() takes at most " + std::to_string(names.size()) +
                      " arguments");
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) bound.values_[i] = arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      return type_error(std::string(function) + "() has no argument '" + name + "'");
    }
    auto& place = bound.values_[static_cast<size_t>(found - names.begin())];
    if (place) return type_error(std::string(function) + "() got '" + name + "' twice");
    place = value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!bound.has(i)) {
      return type_error(std::string(function) + "() needs the argument '" + std::string(names.begin()[i]) +
                        "'");
    }
  }
  return bound;
}

}  // namespace understudy::jinja
