#include "eval/report_text.h"

#include <fmt/format.h>

namespace understudy {
namespace {

void row(std::string& text, std::string_view name, std::string_view value) {
  text += fmt::format("  {:<26} {}\n", name, value);
}

void cost_rows(std::string& text, const Costs& costs) {
  const auto cost = [&](const std::optional<double>& per_call) {
    return thousand_calls_text(per_call, costs.currency);
  };
  row(text, "cost per 1,000 calls",
      fmt::format("{} before, {} after", cost(costs.before), cost(costs.after)));
  if (costs.after) {
    row(text, "  of that",
        fmt::format("local {}, wasted {}, escalated {}, audit {}", cost(costs.local), cost(costs.wasted),
                    cost(costs.escalated), cost(costs.audit)));
  }
  row(text, "training", training_text(costs));
}

}  // namespace

std::string share_text(const Share& share) {
  if (share.n == 0) return "none (n 0)";
  return fmt::format("{:.1f} % (n {}, {:.1f} to {:.1f})", 100 * share.value, share.n,
                     100 * share.interval.low, 100 * share.interval.high);
}

std::string share_text(const std::optional<Share>& share) { return share ? share_text(*share) : "unknown"; }

std::string thousand_calls_text(const std::optional<double>& cost_per_call, const std::string& currency) {
  return cost_per_call ? fmt::format("{:.4g} {}", 1000 * *cost_per_call, currency) : "unknown";
}

std::string latency_text(const std::optional<Latency>& latency) {
  return latency ? fmt::format("p50 {:.0f} ms, p95 {:.0f} ms (n {})", latency->p50_ms, latency->p95_ms,
                               latency->n)
                 : "unknown";
}

std::string training_text(const Costs& costs) {
  if (!costs.training) return "unknown";
  const std::string after = costs.break_even_calls ? fmt::format("after {} calls", *costs.break_even_calls)
                                                   : "unknown, or nothing is saved";
  return fmt::format("{:.4g} {}, break-even {}", *costs.training, costs.currency, after);
}

std::string verdict_sentence(const Proof& proof) {
  const double delta = 100 * proof.margin.delta;
  switch (proof.verdict) {
    case Verdict::pass:
      return fmt::format("PASS: the policy loses less than {:.2f} points against the incumbent (95 %).",
                         delta);
    case Verdict::fail:
      return "FAIL: the policy does harm.";
    case Verdict::inconclusive:
      if (proof.figures.local.hits == 0) return "INCONCLUSIVE: the policy answered nothing locally.";
      return fmt::format("INCONCLUSIVE: the test cannot tell whether the policy loses {:.2f} points.", delta);
    case Verdict::agreement:
      return "AGREEMENT ONLY: without labels nothing can pass.";
    case Verdict::refused:
      return "REFUSED: this test proves nothing.";
  }
  return "";
}

std::string report_text(const Proof& proof) {
  std::string text = verdict_sentence(proof) + "\n";
  for (const Reason& reason : proof.reasons)
    text += fmt::format("  {}: {}\n", name_of(reason.code), reason.text);
  row(text, "policy",
      fmt::format("{}, tau {:g}, incumbent {}", proof.policy.rung, proof.policy.tau, proof.policy.incumbent));
  row(text, "policy - incumbent",
      fmt::format("{:+.2f} points, {:+.2f} to {:+.2f} (Tango, 95 % each side); {} won, {} lost of {}",
                  100 * proof.counts.difference(), 100 * proof.lower, 100 * proof.upper, proof.counts.gains,
                  proof.counts.losses, proof.counts.n));
  row(text, "answered locally", share_text(proof.figures.local));
  row(text, "right, policy", share_text(proof.policy_right));
  row(text, "right, incumbent", share_text(proof.incumbent_right));
  row(text, "right, local rows", share_text(proof.local_right));
  row(text, "  incumbent on the same", share_text(proof.local_incumbent_right));
  row(text, "right, specialist alone", share_text(proof.specialist_right));
  cost_rows(text, proof.figures.costs);
  row(text, "latency before", latency_text(proof.figures.latency_before));
  row(text, "latency after", latency_text(proof.figures.latency_after));
  row(text, "slices",
      fmt::format("{} tested, {} too small to be tested alone", proof.slices.tested.size(),
                  proof.slices.not_tested_alone.size()));
  return text;
}

}  // namespace understudy
