// GET /metrics: Prometheus text format 0.0.4.
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/
#include <fmt/format.h>

#include "gateway/ledger/recorder.h"
#include "gateway/routes/routes.h"

namespace understudy {
namespace {

struct Metric {
  std::string_view name, type, help;
  double (*value)(const EngineStats&);
};

constexpr Metric kEngineMetrics[] = {
    {"understudy_requests_finished_total", "counter", "Generations that ended by themselves.",
     [](const EngineStats& s) { return static_cast<double>(s.requests_finished); }},
    {"understudy_requests_cancelled_total", "counter",
     "Generations cut short by the client or a stop string.",
     [](const EngineStats& s) { return static_cast<double>(s.requests_cancelled); }},
    {"understudy_requests_failed_total", "counter", "Generations that failed.",
     [](const EngineStats& s) { return static_cast<double>(s.requests_failed); }},
    {"understudy_prompt_tokens_total", "counter", "Prompt tokens, those from the prefix tree included.",
     [](const EngineStats& s) { return static_cast<double>(s.prompt_tokens); }},
    {"understudy_cached_tokens_total", "counter", "Prompt tokens that came from the prefix tree.",
     [](const EngineStats& s) { return static_cast<double>(s.cached_tokens); }},
    {"understudy_completion_tokens_total", "counter", "Generated tokens.",
     [](const EngineStats& s) { return static_cast<double>(s.completion_tokens); }},
    {"understudy_forced_tokens_total", "counter", "Generated tokens that a grammar left no choice about.",
     [](const EngineStats& s) { return static_cast<double>(s.forced_tokens); }},
    {"understudy_drafted_tokens_total", "counter", "Guesses of the next tokens that were fed along.",
     [](const EngineStats& s) { return static_cast<double>(s.drafted_tokens); }},
    {"understudy_accepted_tokens_total", "counter",
     "Guesses of them that were right: tokens without a step of their own.",
     [](const EngineStats& s) { return static_cast<double>(s.accepted_tokens); }},
    {"understudy_loops_rewound_total", "counter", "Loops in answers that were rewound to their beginning.",
     [](const EngineStats& s) { return static_cast<double>(s.loops_rewound); }},
    {"understudy_loops_closed_total", "counter", "Answers that a loop brought to an early end.",
     [](const EngineStats& s) { return static_cast<double>(s.loops_closed); }},
    {"understudy_loops_cut_total", "counter", "Answers that reached their limit of tokens in a loop.",
     [](const EngineStats& s) { return static_cast<double>(s.loops_cut); }},
    {"understudy_steps_total", "counter", "Forward passes.",
     [](const EngineStats& s) { return static_cast<double>(s.steps); }},
    {"understudy_requests_running", "gauge", "Generations that share the steps now.",
     [](const EngineStats& s) { return static_cast<double>(s.running); }},
    {"understudy_requests_queued", "gauge", "Generations that wait for a place.",
     [](const EngineStats& s) { return static_cast<double>(s.queued); }},
    {"understudy_kv_bytes_used", "gauge", "State memory of running generations.",
     [](const EngineStats& s) { return static_cast<double>(s.kv_bytes_used); }},
    {"understudy_kv_bytes_cached", "gauge", "State memory of prefixes kept for later.",
     [](const EngineStats& s) { return static_cast<double>(s.kv_bytes_cached); }},
    {"understudy_kv_bytes_total", "gauge", "State memory there is.",
     [](const EngineStats& s) { return static_cast<double>(s.kv_bytes_total); }},
};

void append_head(std::string& text, std::string_view name, std::string_view type, std::string_view help) {
  text += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

}  // namespace

void metrics(Service& service, std::shared_ptr<Exchange> exchange) {
  std::string text;
  const EngineStats stats = service.generator() ? service.generator()->stats() : EngineStats{};
  for (const Metric& metric : kEngineMetrics) {
    append_head(text, metric.name, metric.type, metric.help);
    text += fmt::format("{} {}\n", metric.name, metric.value(stats));
  }
  if (const Recorder* recorder = service.outside().recorder) {
    append_head(text, "understudy_ledger_calls_total", "counter", "Calls that the ledger has taken.");
    text += fmt::format("understudy_ledger_calls_total {}\n", recorder->recorded());
    append_head(text, "understudy_ledger_lost_calls_total", "counter",
                "Calls that were answered and could not be recorded.");
    text += fmt::format("understudy_ledger_lost_calls_total {}\n", recorder->lost());
  }
  HttpMetrics::Entries entries = service.metrics().entries();
  constexpr std::string_view kSamples[] = {"understudy_http_requests_total",
                                           "understudy_http_request_seconds_total"};
  constexpr std::string_view kHelp[] = {"HTTP requests by route and status; 0: the client left.",
                                        "Time from the end of the head to the end of the answer."};
  for (int sample = 0; sample < 2; ++sample) {
    append_head(text, kSamples[sample], "counter", kHelp[sample]);
    for (const auto& [key, entry] : entries) {
      double value = sample == 0 ? static_cast<double>(entry.requests) : entry.seconds;
      text += fmt::format("{}{{route=\"{}\",status=\"{}\"}} {}\n", kSamples[sample], key.first, key.second,
                          value);
    }
  }
  exchange->respond({200, "text/plain; version=0.0.4; charset=utf-8", {}, std::move(text)});
}

}  // namespace understudy
