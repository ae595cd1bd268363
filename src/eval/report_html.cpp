#include "eval/report_html.h"

#include <fmt/format.h>

#include <algorithm>

#include "eval/report_text.h"
#include "eval/svg_plot.h"

namespace understudy {
namespace {

constexpr size_t kPlottedSlices = 40;
constexpr size_t kListedRows = 50;

constexpr const char* kStyle = R"(<style>
  :root { color-scheme: light dark; --text: #1f2328; --quiet: #59636e; --line: #d1d9e0; --page: #ffffff;
          --specialist: #0969da; --incumbent: #bc4c00; --good: #1a7f37; --bad: #cf222e; --open: #9a6700; }
  @media (prefers-color-scheme: dark) {
    :root { --text: #e6edf3; --quiet: #9198a1; --line: #3d444d; --page: #0d1117;
            --specialist: #4493f8; --incumbent: #db6d28; --good: #3fb950; --bad: #f85149; --open: #d29922; } }
  body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; background: var(--page); color: var(--text);
         font: 15px/1.5 system-ui, sans-serif; }
  h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
  .pass { color: var(--good); } .fail, .refused { color: var(--bad); } .inconclusive, .agreement { color: var(--open); }
  table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .25rem .5rem; vertical-align: top;
         border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
  code { overflow-wrap: anywhere; } .quiet, figcaption { color: var(--quiet); }
  figure { margin: 1rem 0; } svg { width: 100%; font-size: 12px; fill: var(--text); }
  svg .quiet { fill: var(--quiet); } svg .grid { stroke: var(--line); }
  svg .guide { stroke: var(--quiet); stroke-dasharray: 4 3; } svg .curve { fill: none; stroke-width: 2; }
  svg .specialist { stroke: var(--specialist); fill: var(--specialist); }
  svg .incumbent { stroke: var(--incumbent); fill: var(--incumbent); } svg .curve.specialist { fill: none; }
</style>
)";

class Page {
 public:
  void raw(std::string_view html) { html_ += html; }
  void heading(std::string_view text) { html_ += fmt::format("<h2>{}</h2>\n", html_escaped(text)); }
  void paragraph(std::string_view text) { html_ += fmt::format("<p>{}</p>\n", html_escaped(text)); }
  void open_table(std::initializer_list<std::string_view> headings) {
    html_ += "<table>\n";
    if (headings.size() > 0) cells(headings, "th");
  }
  void row(std::initializer_list<std::string_view> values) { cells(values, "td"); }
  void close_table() { html_ += "</table>\n"; }
  void figure(const std::string& svg, std::string_view caption) {
    html_ += fmt::format("<figure>\n{}<figcaption>{}</figcaption>\n</figure>\n", svg, html_escaped(caption));
  }
  std::string take() { return std::move(html_); }

 private:
  void cells(std::initializer_list<std::string_view> values, const char* tag) {
    html_ += "<tr>";
    for (const std::string_view value : values)
      html_ += fmt::format("<{0}>{1}</{0}>", tag, html_escaped(value));
    html_ += "</tr>\n";
  }
  std::string html_;
};

void verdict_part(Page& page, const Proof& proof) {
  page.raw(fmt::format("<h1>Proof of {}</h1>\n<p class=\"{}\"><strong>{}</strong></p>\n",
                       html_escaped(proof.policy.task), name_of(proof.verdict),
                       html_escaped(verdict_sentence(proof))));
  if (proof.reasons.empty()) return;
  page.raw("<ul>\n");
  for (const Reason& reason : proof.reasons) {
    page.raw(fmt::format("<li><code>{}</code>: {}", name_of(reason.code), html_escaped(reason.text)));
    if (!reason.rows.empty()) {
      page.raw("<details><summary>rows</summary><code>");
      for (size_t i = 0; i < std::min(reason.rows.size(), kListedRows); i++)
        page.raw(html_escaped(reason.rows[i]) + " ");
      if (reason.rows.size() > kListedRows)
        page.raw(fmt::format("and {} more", reason.rows.size() - kListedRows));
      page.raw("</code></details>");
    }
    page.raw("</li>\n");
  }
  page.raw("</ul>\n");
}

void quality_part(Page& page, const Proof& proof) {
  page.heading("Quality");
  page.paragraph(fmt::format(
      "Policy - incumbent: {:+.2f} points; with 95 % confidence above {:+.2f}, and with 95 % confidence "
      "below {:+.2f}. The margin "
      "is {:.2f} points{}. Of {} sealed rows the policy alone was right on {}, the incumbent alone on {}.",
      100 * proof.counts.difference(), 100 * proof.lower, 100 * proof.upper, 100 * proof.margin.delta,
      proof.margin.reason.empty() ? "" : " (" + proof.margin.reason + ")", proof.counts.n, proof.counts.gains,
      proof.counts.losses));
  page.open_table({"right answers", "share (n, 95 % interval)"});
  page.row({"policy, all rows", share_text(proof.policy_right)});
  page.row({"incumbent, all rows", share_text(proof.incumbent_right)});
  page.row({"specialist, rows answered locally", share_text(proof.local_right)});
  page.row({"incumbent, the same rows", share_text(proof.local_incumbent_right)});
  page.row({"specialist alone, every row (not gated)", share_text(proof.specialist_right)});
  page.row({"same answer as the incumbent, local rows", share_text(proof.agreement)});
  page.row({"policy - incumbent, weighted by calls",
            fmt::format("{:+.2f} points ({:+.2f} to {:+.2f})", 100 * proof.weighted_difference,
                        100 * proof.weighted_interval.low, 100 * proof.weighted_interval.high)});
  page.close_table();
}

void figures_part(Page& page, const Figures& figures) {
  page.heading("Traffic, cost and time");
  const Costs& costs = figures.costs;
  page.open_table({"figure", "value"});
  page.row({"answered locally, test rows", share_text(figures.local)});
  page.row({"asked in vain (specialist ran, call went up)", share_text(figures.wasted)});
  page.row(
      {"moved down, of the task's calls",
       fmt::format("{:.1f} % ({:.1f} to {:.1f})", 100 * figures.local_weighted,
                   100 * figures.local_weighted_interval.low, 100 * figures.local_weighted_interval.high)});
  page.row({"moved down, of all calls", figures.local_of_all_calls
                                            ? fmt::format("{:.1f} %", 100 * *figures.local_of_all_calls)
                                            : "unknown"});
  page.row({"cost per 1,000 calls before", thousand_calls_text(costs.before, costs.currency)});
  page.row({"cost per 1,000 calls after", thousand_calls_text(costs.after, costs.currency)});
  page.row({"... local answers", thousand_calls_text(costs.local, costs.currency)});
  page.row({"... asked in vain", thousand_calls_text(costs.wasted, costs.currency)});
  page.row({"... escalated", thousand_calls_text(costs.escalated, costs.currency)});
  page.row({"... audit", thousand_calls_text(costs.audit, costs.currency)});
  page.row({"training, once", training_text(costs)});
  page.row({"latency before", latency_text(figures.latency_before)});
  page.row({"latency after", latency_text(figures.latency_after)});
  page.row({"latency of local answers", latency_text(figures.latency_local)});
  page.close_table();
}

void risk_coverage_plot(Page& page, const Proof& proof) {
  if (proof.risk_coverage.empty()) return;
  double highest = 0.05, covered = 0;
  for (const RiskCoveragePoint& point : proof.risk_coverage) {
    highest = std::max(highest, point.risk);
    if (point.threshold >= proof.policy.tau) covered = point.coverage;
  }
  SvgPlot plot("risk against coverage",
               {"rows answered, most confident first", 0, 1, {0, 0.25, 0.5, 0.75, 1}, {}},
               {"wrong answers among them", 0, highest, {0, highest / 2, highest}, {}});
  std::vector<PlotPoint> curve;
  for (const RiskCoveragePoint& point : proof.risk_coverage) curve.push_back({point.coverage, point.risk});
  plot.line(curve, "specialist");
  plot.vertical_guide(covered, fmt::format("tau {:g}", proof.policy.tau));
  if (proof.incumbent_right) plot.horizontal_guide(1 - proof.incumbent_right->value, "incumbent, all rows");
  page.figure(
      plot.svg(),
      fmt::format(
          "Risk against coverage of the specialist; area {:.4f}, expected calibration error {:.3f}. Left of "
          "the dashed line the policy answers locally.",
          proof.area_under_risk_coverage, proof.calibration_error));
}

void distance_plot(Page& page, const std::vector<DistanceBin>& bins) {
  if (bins.empty()) return;
  PlotAxis x{"distance to the nearest training rows", 0, static_cast<double>(bins.size()), {}, {}};
  for (size_t i = 0; i < bins.size(); i++) {
    x.ticks.push_back(static_cast<double>(i) + 0.5);
    x.tick_labels.push_back(fmt::format("{:.2f} to {:.2f}", bins[i].low, bins[i].high));
  }
  SvgPlot plot("right answers by distance to training", x,
               {"right answers", 0, 1, {0, 0.25, 0.5, 0.75, 1}, {}});
  for (size_t i = 0; i < bins.size(); i++) {
    const double at = x.ticks[i];
    plot.dot({at - 0.08, bins[i].specialist.value}, bins[i].specialist.interval, "specialist",
             "specialist " + share_text(bins[i].specialist));
    plot.dot({at + 0.08, bins[i].incumbent.value}, bins[i].incumbent.interval, "incumbent",
             "incumbent " + share_text(bins[i].incumbent));
  }
  page.figure(plot.svg(),
              "Right answers of the specialist (left dot, whether or not it would have answered) and of the "
              "incumbent (right "
              "dot) by distance to training, with 95 % intervals.");
}

void slice_plot(Page& page, const SliceReport& report) {
  const size_t shown = std::min(report.tested.size(), kPlottedSlices);
  if (shown == 0) return;
  SvgPlot plot("right answers per slice",
               {"slices, the most suspicious first", 0, static_cast<double>(shown), {}, {}},
               {"right answers", 0, 1, {0, 0.25, 0.5, 0.75, 1}, {}});
  plot.horizontal_guide(kSliceFloor, "floor");
  for (size_t i = 0; i < shown; i++) {
    const SliceResult& slice = report.tested[i];
    const double at = static_cast<double>(i) + 0.5;
    plot.dot({at + 0.15, slice.incumbent.value}, slice.incumbent.interval, "incumbent",
             slice.name + ": incumbent " + share_text(slice.incumbent));
    plot.dot({at - 0.15, slice.policy.value}, slice.policy.interval, "specialist",
             slice.name + ": policy " + share_text(slice.policy));
  }
  page.figure(plot.svg(),
              fmt::format("Right answers of the policy (left) and the incumbent (right) in {} of {} slices.",
                          shown, report.tested.size()));
}

void slices_part(Page& page, const SliceReport& report) {
  page.heading("Slices");
  if (report.tested.empty() && report.not_tested_alone.empty())
    return page.paragraph("The rows name no slices.");
  slice_plot(page, report);
  page.open_table({"slice", "local", "policy", "incumbent", "p (Holm)", "smallest harm it would have shown"});
  for (const SliceResult& slice : report.tested) {
    page.row({slice.name, fmt::format("{} of {}", slice.local, slice.n), share_text(slice.policy),
              share_text(slice.incumbent),
              fmt::format("{:.2g}{}", slice.adjusted_p, slice.harmed ? ", harmed" : ""),
              slice.smallest_visible_harm ? fmt::format("{:.0f} points", 100 * *slice.smallest_visible_harm)
                                          : "none: too few rows"});
  }
  page.close_table();
  if (report.not_tested_alone.empty()) return;
  std::string names;
  for (const std::string& name : report.not_tested_alone) names += (names.empty() ? "" : ", ") + name;
  page.paragraph(fmt::format("Not tested alone (under {} rows each, pooled): {}.", kMinSliceRows, names));
}

void identity_part(Page& page, const Proof& proof) {
  page.heading("What was tested");
  page.open_table({});
  page.row({"policy", proof.policy.hash});
  page.row({"contract", proof.policy.contract_hash});
  page.row({"rung", proof.policy.rung});
  page.row({"specialist", proof.policy.specialist_hash});
  page.row({"threshold tau", fmt::format("{:g}", proof.policy.tau)});
  page.row({"incumbent", proof.policy.incumbent});
  page.row({"truth", name_of(proof.truth)});
  page.row({"sealed rows", fmt::format("{}, {} needed", proof.counts.n, proof.rows_needed)});
  page.row({"dataset", proof.seal.dataset_hash});
  page.row({"trained on", proof.train_manifest_hash.empty() ? "unknown" : proof.train_manifest_hash});
  page.close_table();
  page.paragraph(
      fmt::format("Method: the sealed part was opened {} time(s). Difference of paired proportions with "
                  "Tango's score interval (1998), one-sided "
                  "95 %; shares with Wilson intervals (1927); slices by exact binomial tests with Holm's "
                  "correction (1979); McNemar's exact p = "
                  "{:.3g} is shown for comparison only.",
                  proof.seal.openings, proof.mcnemar_p));
}

}  // namespace

std::string report_html(const Proof& proof) {
  Page page;
  page.raw(
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width\">\n");
  page.raw(fmt::format("<title>Proof of {}: {}</title>\n", html_escaped(proof.policy.task),
                       name_of(proof.verdict)));
  page.raw(kStyle);
  page.raw("<body>\n");
  verdict_part(page, proof);
  quality_part(page, proof);
  figures_part(page, proof.figures);
  page.heading("Confidence and distance");
  if (proof.risk_coverage.empty()) page.paragraph("No graded answers of the specialist.");
  risk_coverage_plot(page, proof);
  distance_plot(page, proof.by_distance);
  slices_part(page, proof.slices);
  identity_part(page, proof);
  page.raw("</body>\n</html>\n");
  return page.take();
}

}  // namespace understudy
