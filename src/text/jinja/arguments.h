// Matches call arguments to parameter names, as Python does.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "text/jinja/runtime.h"

namespace understudy::jinja {

class Bound {
 public:
  explicit Bound(std::string_view function, size_t count) : function_(function), values_(count) {}
  bool has(size_t i) const { return values_[i].has_value(); }
  const Value& operator[](size_t i) const { return *values_[i]; }  // has(i)
  bool truthy(size_t i, bool otherwise = false) const { return has(i) ? values_[i]->truthy() : otherwise; }
  // The argument as text or integer; `otherwise` (or an error without it) when absent.
  Result<TextPtr> text(size_t i) const;
  Result<int64_t> integer(size_t i, std::optional<int64_t> otherwise = std::nullopt) const;

 private:
  friend Result<Bound> bind(std::string_view, const Arguments&, std::initializer_list<std::string_view>,
                            size_t);
  std::string_view function_;
  std::vector<std::optional<Value>> values_;
};

// `names` in order; the first `required` must be given. `function` is for messages and must outlive the
// result.
Result<Bound> bind(std::string_view function, const Arguments& arguments,
                   std::initializer_list<std::string_view> names, size_t required = 0);

}  // namespace understudy::jinja
