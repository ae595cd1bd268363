#include <fmt/format.h>

#include <boost/json.hpp>

#include "app/demo/demo_run.h"
#include "app/progress.h"

namespace understudy {
namespace {

namespace json = boost::json;

const json::object* part(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

std::string text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

double number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  json::error_code code;
  return value != nullptr ? value->to_number<double>(code) : 0;
}

std::string mined_line(std::string_view name, const json::object& found) {
  const double calls = number(found, "calls"), right = number(found, "right"),
               kind = number(found, "of_kind");
  if (calls == 0 || kind == 0) return fmt::format("  {:<8} no task was found\n", name);
  return fmt::format(
      "  {:<8} task {}, {:.0f} calls: {:.1f} % of them are its own, {:.1f} % of its own are there\n", name,
      text(found, "task").substr(0, 12), calls, 100 * right / calls, 100 * right / kind);
}

std::string reasons(const json::object& proof) {
  std::string list;
  const json::value* all = proof.if_contains("reasons");
  if (all == nullptr || !all->is_array()) return list;
  for (const json::value& reason : all->get_array()) {
    if (reason.is_string()) list += "\n           " + std::string(reason.get_string());
  }
  return list;
}

std::string proof_lines(std::string_view name, const json::object& stage) {
  if (const std::string error = text(stage, "error"); !error.empty())
    return fmt::format("  {:<8} {}\n", name, error);
  const json::object* proof = part(stage, "proof");
  if (proof == nullptr)
    return fmt::format("  {:<8} no specialist answers enough at a threshold that holds: all goes up\n", name);
  return fmt::format(
      "  {:<8} {}: {}, tau {:.2f}, {:.0f} sealed rows, policy - incumbent {:+.1f} points ({:+.1f} to "
      "{:+.1f}){}\n",
      name, text(*proof, "verdict"), text(*proof, "rung"), number(*proof, "tau"),
      number(*proof, "sealed_rows"), 100 * number(*proof, "difference"), 100 * number(*proof, "lower"),
      100 * number(*proof, "upper"), reasons(*proof));
}

std::string planted_lines(const json::object& planted) {
  if (const std::string error = text(planted, "error"); !error.empty())
    return fmt::format("  {:<8} {}\n", "planted", error);
  const json::value* refused = planted.if_contains("refused");
  const bool was_refused = refused != nullptr && refused->is_bool() && refused->get_bool();
  return proof_lines("planted", planted) +
         fmt::format(
             "           a specialist with {:.0f} answers swapped was {}\n",
             number(planted, "answers_swapped"),
             was_refused ? "not promoted: " + text(planted, "why") : "PROMOTED, which must not happen");
}

}  // namespace

std::string demo_text(const json::object& report) {
  std::string out =
      fmt::format("\nincumbent: {}{}\n", text(report, "incumbent"),
                  report.at("stand_in").as_bool() ? " (a stand-in with a real model's list price)" : "");
  if (const json::object* history = part(report, "history")) {
    out += fmt::format("history: {:.0f} calls; labels, through /feedback alone: {:.0f}\n",
                       number(*history, "calls"), number(*history, "labels"));
  }
  if (const json::object* mined = part(report, "mine")) {
    out += "\nmined\n";
    for (const char* name : {"bank", "home"}) {
      if (const json::object* found = part(*mined, name)) out += mined_line(name, *found);
    }
  }
  out += "\nproofs\n";
  for (const char* name : {"bank", "home"}) {
    if (const json::object* stage = part(report, name)) out += proof_lines(name, *stage);
  }
  if (const json::object* planted = part(report, "planted")) out += planted_lines(*planted);
  if (const json::object* live = part(report, "live")) {
    out += "\nbefore and after, on identical calls\n\n" + text(*live, "text");
    if (const json::object* why = part(*live, "reasons")) {
      out += "decisions:";
      for (const auto& [reason, count] : *why)
        out += fmt::format(" {} {};", std::string(reason), json::serialize(count));
      out.back() = '\n';
    }
  }
  return out + fmt::format("\n{} in all, {:.1f} CPU-minutes, {} of memory at most; everything is in {}\n",
                           human_seconds(number(report, "seconds")), number(report, "cpu_seconds") / 60,
                           human_bytes(static_cast<uint64_t>(number(report, "peak_bytes"))),
                           text(report, "folder"));
}

}  // namespace understudy
