// List prices, USD for a million tokens, standard tier.
//
// OpenAI: https://developers.openai.com/api/docs/pricing. The 4o, 4.1, 5, o3 and o4 families as read in March 2026
// (deploybase.ai/articles/openai-pricing; caching: 50 % off in 4o and o3-mini, 75 % in 4.1, o3 and o4-mini, 90 % in 5);
// 5.4 and 5.5 in June 2026 (morphllm.com/openai-api-pricing); 5.6 from 2026-07-30 and 6 from 2026-09-22
// (docs.laozhang.ai/announcements, github.com/TheKrush/PromptFuel releases 1.0.19 and 1.0.21). From 5.6 on a prompt
// above 272,000 tokens costs more.
// Anthropic: https://platform.claude.com/docs/en/about-claude/pricing, read in October 2026; the 5.5 family as
// github.com/kurofune/claudit 1.9.2 read it on 2026-10-24.
//
// A configuration overrides them (PriceTable::set). A model that is not here costs an unknown amount.
#include "store/prices.h"

namespace understudy {
namespace {

struct Row {
  const char* model;
  Price price;  // input, cached input, output
};

constexpr int64_t kShortContext = 272'000;

constexpr Row kRows[] = {
    {"gpt-4o", {2.50, 1.25, 10}},
    {"gpt-4o-2024-05-13", {5, 5, 15}},
    {"gpt-4o-mini", {0.15, 0.075, 0.60}},
    {"gpt-4.1", {2, 0.50, 8}},
    {"gpt-4.1-mini", {0.40, 0.10, 1.60}},
    {"gpt-4.1-nano", {0.10, 0.025, 0.40}},
    {"o3", {2, 0.50, 8}},
    {"o3-mini", {1.10, 0.55, 4.40}},
    {"o4-mini", {1.10, 0.275, 4.40}},
    {"gpt-5", {1.25, 0.125, 10}},
    {"gpt-5-mini", {0.25, 0.025, 2}},
    {"gpt-5-nano", {0.05, 0.005, 0.40}},
    {"gpt-5.1", {1.25, 0.125, 10}},
    {"gpt-5.4", {2.50, 0.25, 15}},
    {"gpt-5.4-mini", {0.75, 0.075, 4.50}},
    {"gpt-5.4-nano", {0.20, 0.02, 1.25}},
    {"gpt-5.5", {5, 0.50, 30}},
    {"gpt-5.6-terra", {2, 0.20, 12, kShortContext}},
    {"gpt-5.6-luna", {0.20, 0.02, 1.20, kShortContext}},
    {"gpt-6-astra", {10, 1, 50, kShortContext}},
    {"gpt-6-sol", {2, 0.20, 10, kShortContext}},
    {"gpt-6-luna", {0.10, 0.01, 0.50, kShortContext}},

    {"claude-3-5-haiku", {0.80, 0.08, 4}},
    {"claude-haiku-4-5", {1, 0.10, 5}},
    {"claude-3-7-sonnet", {3, 0.30, 15}},
    {"claude-sonnet-4", {3, 0.30, 15}},
    {"claude-sonnet-4-5", {3, 0.30, 15}},
    {"claude-sonnet-4-6", {3, 0.30, 15}},
    {"claude-sonnet-5", {2, 0.20, 10}},
    {"claude-sonnet-5-5", {2, 0.10, 10}},
    {"claude-opus-4", {15, 1.50, 75}},
    {"claude-opus-4-1", {15, 1.50, 75}},
    {"claude-opus-4-5", {5, 0.50, 25}},
    {"claude-opus-4-6", {5, 0.50, 25}},
    {"claude-opus-4-7", {5, 0.50, 25}},
    {"claude-opus-4-8", {5, 0.50, 25}},
    {"claude-opus-5", {5, 0.50, 25}},
    {"claude-opus-5-5", {4, 0.20, 20}},
};

}  // namespace

const PriceTable& PriceTable::defaults() {
  static const PriceTable table = [] {
    PriceTable prices;
    for (const Row& row : kRows) prices.prices_[row.model] = row.price;
    return prices;
  }();
  return table;
}

}  // namespace understudy
