// What calls cost. An unknown price gives an unknown cost, never 0 (P10).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/call.h"

namespace understudy {

// USD for a million tokens.
struct Price {
  double input = 0;
  double cached_input = 0;  // of the prompt, what the upstream read from its cache
  double output = 0;
  int64_t max_prompt_tokens = INT64_MAX;  // a longer prompt has another price, which is not known here
};

class PriceTable {
 public:
  // List prices of well-known models; their date and sources are in default_prices.cpp.
  static const PriceTable& defaults();

  // Error{invalid_argument} unless all three are finite and not negative. Replaces the price of that model.
  Status set(const std::string& model, const Price& price);
  // Of the model by its whole name; else by what follows the last '/' ("openai/gpt-4o"); else without a date at the
  // end ("gpt-4o-2024-08-06", "claude-sonnet-4-20250514"). nullopt if there is none.
  std::optional<Price> find(std::string_view model) const;

 private:
  std::map<std::string, Price, std::less<>> prices_;
};

// Of an answer of an upstream: by the model that answered, else by the one that was asked for. Null if its price, its
// prompt's tokens or its answer's are unknown. Where the upstream does not say what it cached, nothing was.
// Writing to a cache is counted as input.
std::optional<double> upstream_cost_usd(const Call& call, const PriceTable& prices);

// Of an answer of this machine: its measured CPU-seconds. Null if they or the price are unknown.
std::optional<double> local_cost_usd(const Call& call, std::optional<double> usd_per_cpu_hour);

}  // namespace understudy
