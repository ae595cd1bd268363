#include "store/prices.h"

#include <algorithm>
#include <cmath>

namespace understudy {
namespace {

constexpr double kTokens = 1e6, kSecondsPerHour = 3600;

// `model` without "-2024-08-06" or "-20250514" at its end; "" if it has neither.
std::string_view without_date(std::string_view model) {
  for (const std::string_view form : {std::string_view("-dddd-dd-dd"), std::string_view("-dddddddd")}) {
    if (model.size() <= form.size()) continue;
    const std::string_view end = model.substr(model.size() - form.size());
    const bool fits = std::equal(form.begin(), form.end(), end.begin(), [](char want, char c) {
      return want == 'd' ? c >= '0' && c <= '9' : c == want;
    });
    if (fits) return model.substr(0, model.size() - form.size());
  }
  return {};
}

}  // namespace

Status PriceTable::set(const std::string& model, const Price& price) {
  for (const double usd : {price.input, price.cached_input, price.output}) {
    if (!(std::isfinite(usd) && usd >= 0)) {
      return Error{ErrorCode::invalid_argument, "a price is a number of USD from 0 on", model, ""};
    }
  }
  prices_[model] = price;
  return Status();
}

std::optional<Price> PriceTable::find(std::string_view model) const {
  const size_t slash = model.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? model : model.substr(slash + 1);
  for (const std::string_view candidate : {model, name, without_date(name)}) {
    if (const auto found = prices_.find(candidate); found != prices_.end()) return found->second;
  }
  return std::nullopt;
}

std::optional<double> upstream_cost_usd(const Call& call, const PriceTable& prices) {
  auto price = prices.find(call.target_model);
  if (!price) price = prices.find(call.model);
  if (!price || !call.prompt_tokens || !call.completion_tokens) return std::nullopt;
  if (*call.prompt_tokens > price->max_prompt_tokens) return std::nullopt;
  const auto prompt = static_cast<double>(*call.prompt_tokens);
  const double cached = std::min(static_cast<double>(call.cached_tokens.value_or(0)), prompt);
  const auto completion = static_cast<double>(*call.completion_tokens);
  return ((prompt - cached) * price->input + cached * price->cached_input + completion * price->output) /
         kTokens;
}

std::optional<double> local_cost_usd(const Call& call, std::optional<double> usd_per_cpu_hour) {
  if (!call.cpu_seconds || !usd_per_cpu_hour) return std::nullopt;
  return *call.cpu_seconds * *usd_per_cpu_hour / kSecondsPerHour;
}

}  // namespace understudy
