// Any bytes give an error with a place, or a value that survives being written and read again.
#include <boost/json/serialize.hpp>
#include <cmath>
#include <string>

#include "base/json.h"
#include "require.h"

using understudy::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto value = understudy::parse_json({reinterpret_cast<const char*>(data), size});
  if (!value.ok()) {
    require(value.error().where.starts_with("byte ") && !value.error().what.empty());
    return 0;
  }
  std::string written = boost::json::serialize(*value);
  auto again = understudy::parse_json(written);
  require(again.ok() && boost::json::serialize(*again) == written);
  return 0;
}
