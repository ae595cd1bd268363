// HfConfig: the reader of a config.json for families (family.h). A key that transformers writes as null
// counts as absent. The first problem is kept (with file, key, expected and found), later calls return
// harmless values: ask status() at the end. Borrows the JSON; from one thread.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy {

class HfConfig {
 public:
  HfConfig(const boost::json::object& object, std::string path);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  // Integers are 0 to 2^31-1; architectures check narrower ranges (arch/loader.h).
  int64_t integer(std::string_view key);
  int64_t integer_or(std::string_view key, int64_t fallback);
  double real(std::string_view key);
  double real_or(std::string_view key, double fallback);
  bool flag_or(std::string_view key, bool fallback);
  std::string text(std::string_view key);
  std::string text_or(std::string_view key, std::string fallback);
  std::vector<std::string> texts(std::string_view key);  // an array of at most kMaxHfLayers strings
  std::vector<int64_t> integers(std::string_view key);   // one integer, or an array of them
  std::optional<HfConfig> object(std::string_view key);  // shares this one's status
  // What the family does in one way only: an Error{unsupported} unless the key is absent or has a value
  // listed.
  void expect_text(std::string_view key, std::initializer_list<std::string_view> supported);
  void expect_flag(std::string_view key, bool supported);
  void expect_absent(std::string_view key);

  void fail(ErrorCode code, std::string_view key, const std::string& expected, const std::string& found);
  bool ok() const { return status_->ok(); }
  Status status() const { return *status_; }

 private:
  HfConfig(const boost::json::object& object, std::string path, std::string prefix,
           std::shared_ptr<Status> status);
  const boost::json::value* find(std::string_view key) const;
  const boost::json::value* require(std::string_view key, const char* expected);
  void fail_type(std::string_view key, const std::string& expected, const boost::json::value& found);

  const boost::json::object* object_;
  std::string path_, prefix_;  // prefix: of nested objects, "rope_parameters."
  std::shared_ptr<Status> status_;
};

}  // namespace understudy
