#include "app/calls_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/iso_time.h"
#include "text/utf8.h"

namespace understudy {
namespace {

struct Reason {
  std::string_view code, words;
};
// The part of a reason before ':'; what comes after it names what differed.
constexpr Reason kReasons[] = {
    {"no_policy", "no specialist is promoted for such a call"},
    {"contract", "the call differs from what the specialist was proven on"},
    {"rolled_back", "the specialist was rolled back"},
    {"share", "the specialist answers only a share of these calls"},
    {"shadow", "the specialist is only watched so far"},
    {"local_queue_full", "too many calls waited for specialists"},
    {"foreign_input", "the input is too far from what the specialist was trained on"},
    {"malformed_answer", "the specialist's answer had not the proven form"},
    {"specialist_failed", "the specialist failed"},
    {"below_tau", "the specialist was less confident than its proven threshold"},
    {"specialist", "the specialist was as confident as its proof asks for"},
    {"forced_up", "the client asked for the incumbent"},
    {"audit", "a share of the calls that are answered locally also goes up, to watch the specialist"},
    {"local_model", "this machine's own model is the target"},
    {"local_failed", "this machine's own model could not answer"},
    {"ledger_failed", "the ledger could not be written, and calls are refused then"},
    {"passed_through", "the path is one that is only passed on"},
};

// Characters that a name takes on the screen, and no more.
std::string cell(std::string_view text, size_t width) {
  std::string cut;
  size_t characters = 0;
  const std::string all = printable(text.substr(0, 4 * width + 4));
  for (std::string_view rest = all; !rest.empty();) {
    const Utf8Char c = first_utf8_char(rest);
    if (++characters > width) return cut + "~";
    cut += rest.substr(0, c.length);
    rest.remove_prefix(c.length);
  }
  return cut;
}

std::string age(int64_t ms) {
  constexpr int64_t kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (ms < kMinute) return fmt::format("{} s", std::max<int64_t>(ms, 0) / 1000);
  if (ms < kHour) return fmt::format("{} min", ms / kMinute);
  if (ms < kDay) return fmt::format("{} h", ms / kHour);
  return fmt::format("{} d", ms / kDay);
}

std::string usd(const std::optional<double>& cost) {
  if (!cost) return "-";
  if (*cost == 0) return "$0";
  return *cost < 0.01 ? fmt::format("${:.3g}", *cost) : fmt::format("${:.4f}", *cost);
}

std::string count(const std::optional<int64_t>& value) { return value ? fmt::format("{}", *value) : "?"; }

std::string tokens(const Call& call) {
  if (!call.prompt_tokens && !call.completion_tokens) return "-";
  return count(call.prompt_tokens) + "+" + count(call.completion_tokens);
}

std::string shown_reason(const Call& call) {
  if (!call.error.empty()) return call.status == 0 ? "error" : fmt::format("error {}", call.status);
  return call.reason.empty() ? "-" : call.reason;
}

std::string who(const Call& call) {
  const std::string name = printable(call.target_model.empty() ? call.model : call.target_model);
  const std::string provider = printable(call.provider);
  switch (call.origin) {
    case Origin::incumbent:
      return fmt::format("The incumbent, {}{},", name.empty() ? "a model that is not named" : name,
                         provider.empty() ? "" : " at " + provider);
    case Origin::local:
      return fmt::format(
          "This machine, with {}{},", name.empty() ? "a model that is not named" : name,
          call.adapter_hash.empty() ? "" : fmt::format(" and adapter {:.12}", call.adapter_hash));
    case Origin::person:
      return fmt::format("A person{}", provider.empty() ? "" : ", " + provider + ",");
  }
  return "";
}

std::string answered(const Call& call) {
  if (call.origin == Origin::person)
    return fmt::format(" gave this as the better answer to {}.", call.answer_to);
  std::string text = call.error.empty() ? " answered" : " did not give a whole answer";
  if (call.total_ms) text += fmt::format(" in {:.0f} ms", *call.total_ms);
  if (call.first_token_ms) text += fmt::format(", the first token after {:.0f} ms", *call.first_token_ms);
  if (call.queue_ms) text += fmt::format(", {:.0f} ms of it waiting", *call.queue_ms);
  if (call.status != 0) text += fmt::format(" (HTTP {}{})", call.status, call.streamed ? ", streamed" : "");
  return text + (call.error.empty() ? "." : ": " + printable(call.error) + ".");
}

std::string why(const Call& call) {
  if (call.origin == Origin::person) return "";
  if (call.reason.empty())
    return "Why is not recorded: the call was imported, or there was nothing to decide.\n";
  const std::string_view code = std::string_view(call.reason).substr(0, call.reason.find(':'));
  std::string words = printable(call.reason);
  for (const Reason& reason : kReasons) {
    if (reason.code != code) continue;
    words = std::string(reason.words);
    if (code.size() < call.reason.size()) words += ": " + printable(call.reason.substr(code.size() + 1));
    words += fmt::format(" ({})", printable(call.reason));
  }
  return fmt::format("Why{}: {}.\n", call.route.empty() ? "" : " it went " + printable(call.route), words);
}

std::string took(const Call& call) {
  if (call.origin == Origin::person) return "";
  std::string text = "It took ";
  if (call.prompt_tokens || call.completion_tokens) {
    text += fmt::format("{} prompt tokens{} and {} of answer", count(call.prompt_tokens),
                        call.cached_tokens ? fmt::format(" ({} of them cached)", *call.cached_tokens) : "",
                        count(call.completion_tokens));
  } else {
    text += "an unknown number of tokens";
  }
  if (call.cpu_seconds) text += fmt::format(", {:.3g} CPU-seconds", *call.cpu_seconds);
  return text + (call.cost_usd ? " and cost " + usd(call.cost_usd) + ".\n" : "; what it cost is unknown.\n");
}

std::string said(const Feedback& feedback) {
  std::string text =
      fmt::format("{} said on {}:", feedback.from.empty() ? "Somebody" : printable(feedback.from),
                  iso_of_ms(feedback.time_ms).substr(0, 16));
  if (feedback.score) text += fmt::format(" score {:g}", *feedback.score);
  if (!feedback.label.empty()) text += " label " + printable(feedback.label);
  if (!feedback.comment.empty()) text += fmt::format(" \"{}\"", printable(feedback.comment));
  if (!feedback.answer_id.empty()) text += " a better answer is " + feedback.answer_id;
  return text + "\n";
}

std::string training(const Call& call) {
  if (call.origin == Origin::local)
    return "It is never a training target: only the incumbent's and people's answers are.\n";
  if (call.request.empty() || call.response.empty())
    return "It cannot train anything: only its metadata was kept.\n";
  if (call.status != 200 || !call.error.empty()) return "It cannot train anything: it has no whole answer.\n";
  return "Its answer may be a training target.\n";
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Char c = first_utf8_char(rest);
    const bool is_control =
        (c.code < 0x20 && c.code != '\n' && c.code != '\t') || (c.code >= 0x7F && c.code < 0xA0);
    const bool turns_text = (c.code >= 0x202A && c.code <= 0x202E) || (c.code >= 0x2066 && c.code <= 0x2069);
    const bool is_whole = c.state == Utf8Char::State::complete;
    shown += is_control || turns_text || !is_whole ? std::string_view("?") : rest.substr(0, c.length);
    rest.remove_prefix(c.length);
  }
  return shown;
}

std::string calls_table(const std::vector<Call>& calls, int64_t now_ms) {
  std::string table = fmt::format("{:<31}  {:>6}  {:<20}  {:<9}  {:<18}  {:>10}  {:>6}  {:>9}\n", "ID", "AGE",
                                  "MODEL", "ORIGIN", "REASON", "TOKENS", "MS", "COST");
  for (const Call& call : calls) {
    table += fmt::format("{:<31}  {:>6}  {:<20}  {:<9}  {:<18}  {:>10}  {:>6}  {:>9}\n", call.id,
                         age(now_ms - call.time_ms), cell(call.model.empty() ? "-" : call.model, 19),
                         name_of(call.origin), cell(shown_reason(call), 17), tokens(call),
                         call.total_ms ? fmt::format("{:.0f}", *call.total_ms) : "-", usd(call.cost_usd));
  }
  return table;
}

std::string call_details(const Call& call, const std::vector<Feedback>& feedback) {
  std::string tags;
  for (const std::string& tag : call.tags) tags += (tags.empty() ? "" : ", ") + tag;
  std::string text;
  const auto line = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) text += fmt::format("{:<13}  {}\n", name, printable(value));
  };
  const auto number = [&](std::string_view name, const auto& value) {
    if (value) line(name, fmt::format("{:.6g}", static_cast<double>(*value)));
  };
  line("id", call.id);
  line("time", iso_of_ms(call.time_ms));
  line("project", call.project);
  line("session", call.session);
  line("task", call.task);
  line("answer to", call.answer_to);
  line("tags", tags);
  line("endpoint", call.endpoint);
  line("model", call.model);
  line("origin", name_of(call.origin));
  line("route", call.route);
  line("reason", call.reason);
  line("provider", call.provider);
  line("target model", call.target_model);
  line("model hash", call.model_hash);
  line("adapter hash", call.adapter_hash);
  line("status", call.status == 0 ? "" : fmt::format("{}{}", call.status, call.streamed ? ", streamed" : ""));
  line("error", call.error);
  line("tokens", tokens(call) == "-" ? "" : tokens(call));
  number("cached tokens", call.cached_tokens);
  number("queue ms", call.queue_ms);
  number("first ms", call.first_token_ms);
  number("total ms", call.total_ms);
  number("CPU seconds", call.cpu_seconds);
  line("cost", call.cost_usd ? usd(call.cost_usd) : "");
  for (const Feedback& one : feedback) line("feedback", said(one).substr(0, said(one).size() - 1));
  line("request", call.request);
  line("response", call.response);
  return text;
}

std::string call_explained(const Call& call, const std::vector<Feedback>& feedback) {
  std::string text = fmt::format("{} of {}{}{}\n", call.id, iso_of_ms(call.time_ms).substr(0, 19),
                                 call.project.empty() ? "" : ", project " + printable(call.project),
                                 call.session.empty() ? "" : ", session " + printable(call.session));
  text += fmt::format("{} was asked of {}.\n",
                      call.model.empty() ? "A model that is not named" : printable(call.model),
                      printable(call.endpoint));
  text += who(call) + answered(call) + "\n" + why(call) + took(call);
  for (const Feedback& one : feedback) text += said(one);
  return text + training(call);
}

}  // namespace understudy
