#include "app/profile_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "app/progress.h"

namespace understudy {
namespace {

namespace json = boost::json;

double percent(double part, double whole) { return whole == 0 ? 0 : 100 * part / whole; }

double mega(double value) { return value / 1e6; }
double mega(int64_t value) { return static_cast<double>(value) / 1e6; }

std::string kind_of(const Cost& cost) {
  return cost.window > 0 ? fmt::format("{} (window {})", cost.kind, cost.window) : std::string(cost.kind);
}

std::string rate(double tokens_per_s) {
  return tokens_per_s == 0 ? "-" : fmt::format("{:.{}f}", tokens_per_s, tokens_per_s < 99.95 ? 1 : 0);
}

}  // namespace

double limit_tokens_per_s(const ModelProfile& profile, const ProfileSetting& setting) {
  const double bytes = bytes_read(profile, setting.depth).total();
  return bytes > 0 ? setting.read_bytes_per_s / bytes : 0;
}

std::string profile_table(const ModelProfile& profile, const ProfileSetting& setting) {
  const BytesRead read = bytes_read(profile, setting.depth);
  const double weights = read.total() - read.state;
  const bool timed = profile.measured.has_value();
  std::string text = fmt::format("{:<24} {:>6} {:>12} {:>6} {:>10} {:>6} {:>12} {:>12}{}\n", profile.name,
                                 "blocks", "parameters", "", "MB read", "", "M mult-adds", "state B/tok",
                                 timed ? "  time: decode prefill" : "");
  for (const ProfilePart& part : profile.parts) {
    const Cost& cost = part.cost;
    const bool is_read = cost.kind != "embedding";  // but for one row
    const double bytes = is_read ? static_cast<double>(cost.weight_bytes) : 0;
    text +=
        fmt::format("{:<24} {:>6} {:>12} {:>5.1f}% {:>10.1f} {:>5.1f}% {:>12.1f} {:>12}", kind_of(cost),
                    part.blocks, cost.parameters,
                    percent(static_cast<double>(cost.parameters), static_cast<double>(profile.parameters)),
                    mega(bytes), percent(bytes, weights), mega(cost.multiply_adds), cost.paged_bytes_a_token);
    if (timed)
      text += fmt::format(" {:>13.1f}% {:>6.1f}%", 100 * part.decode_share, 100 * part.prefill_share);
    text += "\n";
  }
  text +=
      fmt::format("\nparameters            {:.1f} M, of which {:.1f} M ({:.1f} %) in the vocabulary tables\n",
                  mega(profile.parameters), mega(profile.table_parameters), 100 * profile.embedding_share());
  text += fmt::format("effective parameters  {:.1f} M (all but the vocabulary tables)\n",
                      mega(profile.parameters - profile.table_parameters));
  text += fmt::format(
      "bytes a token         {:.1f} MB of weights are read to decode one token{}\n", mega(weights),
      profile.assumed_bits > 0 ? fmt::format(", at {} bits a weight", profile.assumed_bits) : "");
  text += fmt::format("                      and {:.1f} MB of state at {} tokens of context\n",
                      mega(read.state), setting.depth);
  text += fmt::format("multiply-adds a token {:.1f} M, besides attention\n", mega(profile.multiply_adds));
  text += fmt::format("state                 {} bytes a token, {} bytes a sequence\n",
                      profile.state_bytes_a_token, profile.snapshot_bytes);
  if (setting.read_bytes_per_s > 0) {
    text +=
        fmt::format("memory allows         {} tokens/s: this machine reads {:.1f} GB/s with {} thread{}\n",
                    rate(limit_tokens_per_s(profile, setting)), setting.read_bytes_per_s / 1e9,
                    setting.threads, setting.threads == 1 ? "" : "s");
  }
  if (timed) {
    text += fmt::format("measured              decode {} tokens/s, prefill {} tokens/s, one stream\n",
                        rate(profile.measured->decode_tokens_per_s),
                        rate(profile.measured->prefill_tokens_per_s));
  }
  return text;
}

std::string comparison_table(const std::vector<ModelProfile>& profiles, const ProfileSetting& setting) {
  std::string text;
  const auto row = [&](const std::string& label,
                       const std::function<std::string(const ModelProfile&)>& cell) {
    text += fmt::format("{:<28}", label);
    for (const ModelProfile& profile : profiles) {
      text += fmt::format("  {:>{}}", cell(profile), std::max<size_t>(12, profile.name.size()));
    }
    text += "\n";
  };
  const auto megabytes = [&](const std::string& label, double BytesRead::* purpose) {
    row(label, [&, purpose](const ModelProfile& profile) {
      const BytesRead read = bytes_read(profile, setting.depth);
      return fmt::format("{:.1f} {:>2.0f}%", mega(read.*purpose), percent(read.*purpose, read.total()));
    });
  };
  row("", [](const ModelProfile& profile) { return profile.name; });
  row("parameters, M", [](const auto& profile) { return fmt::format("{:.1f}", mega(profile.parameters)); });
  row("  in vocabulary tables",
      [](const auto& p) { return fmt::format("{:.1f}%", 100 * p.embedding_share()); });
  row("  effective, M",
      [](const auto& p) { return fmt::format("{:.1f}", mega(p.parameters - p.table_parameters)); });
  row("read a token, MB", [&](const auto& profile) {
    return fmt::format("{:.1f}", mega(bytes_read(profile, setting.depth).total()));
  });
  megabytes("  head", &BytesRead::head);
  megabytes("  attention and other mixers", &BytesRead::mixers);
  megabytes("  mlp", &BytesRead::mlp);
  megabytes(fmt::format("  state at {} tokens", setting.depth), &BytesRead::state);
  row("state, bytes a token", [](const auto& p) { return fmt::format("{}", p.state_bytes_a_token); });
  row("state, bytes a sequence", [](const auto& p) { return fmt::format("{}", p.snapshot_bytes); });
  row("bits a weight", [](const ModelProfile& profile) {
    return profile.assumed_bits > 0 ? fmt::format("{} assumed", profile.assumed_bits) : "as packed";
  });
  if (setting.read_bytes_per_s == 0) return text;
  row("memory allows, tokens/s", [&](const auto& p) { return rate(limit_tokens_per_s(p, setting)); });
  row("decode, tokens/s",
      [](const auto& p) { return p.measured ? rate(p.measured->decode_tokens_per_s) : "-"; });
  row("prefill, tokens/s",
      [](const auto& p) { return p.measured ? rate(p.measured->prefill_tokens_per_s) : "-"; });
  return text + fmt::format("\nThis machine reads {:.1f} GB/s with {} thread{}.\n",
                            setting.read_bytes_per_s / 1e9, setting.threads, setting.threads == 1 ? "" : "s");
}

json::object profile_json(const ModelProfile& profile, const ProfileSetting& setting) {
  const BytesRead read = bytes_read(profile, setting.depth);
  json::array parts;
  for (const ProfilePart& part : profile.parts) {
    const Cost& cost = part.cost;
    json::object value{{"kind", cost.kind},
                       {"window", cost.window},
                       {"blocks", part.blocks},
                       {"parameters", cost.parameters},
                       {"weight_bytes", cost.weight_bytes},
                       {"multiply_adds", cost.multiply_adds},
                       {"key_multiply_adds", cost.key_multiply_adds},
                       {"state_bytes_a_token", cost.paged_bytes_a_token},
                       {"snapshot_bytes", cost.snapshot_bytes}};
    if (profile.measured) {
      value["decode_time_share"] = part.decode_share;
      value["prefill_time_share"] = part.prefill_share;
    }
    parts.push_back(std::move(value));
  }
  json::object value{
      {"model", profile.name},
      {"parts", parts},
      {"parameters", profile.parameters},
      {"embedding_share", profile.embedding_share()},
      {"effective_parameters", profile.parameters - profile.table_parameters},
      {"bytes_a_token", read.total() - read.state},
      {"multiply_adds_a_token", profile.multiply_adds},
      {"state_bytes_a_token", profile.state_bytes_a_token},
      {"snapshot_bytes", profile.snapshot_bytes},
      {"depth", setting.depth},
      {"bytes_read",
       {{"head", read.head}, {"mixers", read.mixers}, {"mlp", read.mlp}, {"state", read.state}}}};
  if (profile.assumed_bits > 0) value["assumed_bits"] = profile.assumed_bits;
  if (setting.read_bytes_per_s > 0) {
    value["threads"] = setting.threads;
    value["read_bytes_per_s"] = setting.read_bytes_per_s;
    value["limit_tokens_per_s"] = limit_tokens_per_s(profile, setting);
  }
  if (profile.measured) {
    value["decode_tokens_per_s"] = profile.measured->decode_tokens_per_s;
    value["prefill_tokens_per_s"] = profile.measured->prefill_tokens_per_s;
  }
  return value;
}

}  // namespace understudy
