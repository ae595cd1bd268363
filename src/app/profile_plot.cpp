#include "app/profile_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace understudy {
namespace {

// Pixels.
constexpr int kWidth = 900, kLeft = 24, kBarWidth = kWidth - 2 * kLeft;
constexpr int kTop = 96, kRow = 78, kBarHeight = 22, kAxis = 52;
constexpr double kNarrowest = 44;  // a segment with room for its label

struct Purpose {
  const char* name;
  const char* style;
  double BytesRead::* bytes;
};
constexpr Purpose kPurposes[] = {{"embedding and head", "head", &BytesRead::head},
                                 {"attention and other mixers", "mixers", &BytesRead::mixers},
                                 {"mlp", "mlp", &BytesRead::mlp},
                                 {"state", "state", &BytesRead::state}};

constexpr const char* kStyle = R"(<style>
  svg { background: #ffffff; font-family: system-ui, sans-serif; font-size: 13px; fill: #1f2328; }
  .title { font-size: 17px; font-weight: 600; }
  .name { font-weight: 600; }
  .quiet { fill: #59636e; }
  .inside { fill: #ffffff; font-size: 11px; }
  .line { stroke: #d1d9e0; }
  .head { fill: #8250df; } .mixers { fill: #0969da; } .mlp { fill: #1a7f37; } .state { fill: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117; fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .line { stroke: #3d444d; }
    .head { fill: #8957e5; } .mixers { fill: #1f6feb; } .mlp { fill: #238636; } .state { fill: #bd561d; }
  }
</style>
)";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string text_at(double x, double y, const char* style, std::string_view text,
                    const char* anchor = "start") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y,
                     style, anchor, escaped(text));
}

// 1, 2 or 5 times a power of ten: about six steps up to `largest`.
double tick_step(double largest) {
  const double rough = largest / 6, power = std::pow(10, std::floor(std::log10(rough)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (rough <= step * power) return step * power;
  }
  return 10 * power;
}

std::string speed(double tokens_per_s) {
  return fmt::format("{:.{}f}", tokens_per_s, tokens_per_s < 99.95 ? 1 : 0);
}

std::string remark(const ModelProfile& profile, const ProfileSetting& setting) {
  std::string text = fmt::format("{:.1f} MB a token", bytes_read(profile, setting.depth).total() / 1e6);
  if (setting.read_bytes_per_s > 0) {
    text += fmt::format(", at most {} tokens/s", speed(limit_tokens_per_s(profile, setting)));
  }
  if (profile.measured) text += fmt::format(", measured {}", speed(profile.measured->decode_tokens_per_s));
  return text;
}

std::string row(const ModelProfile& profile, const ProfileSetting& setting, double y, double pixels_a_byte) {
  const BytesRead read = bytes_read(profile, setting.depth);
  std::string svg = text_at(kLeft, y, "name", profile.name);
  svg += text_at(kWidth - kLeft, y, "", remark(profile, setting), "end");
  double x = kLeft;
  for (const Purpose& purpose : kPurposes) {
    const double width = read.*purpose.bytes * pixels_a_byte;
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" class=\"{}\"><title>{}: {:.1f} MB"
        "</title></rect>\n",
        x, y + 8, width, kBarHeight, purpose.style, purpose.name, read.*purpose.bytes / 1e6);
    if (width >= kNarrowest) {
      const double share = 100 * read.*purpose.bytes / read.total();
      svg += text_at(x + width / 2, y + 23, "inside", fmt::format("{:.0f} %", share), "middle");
    }
    x += width;
  }
  const std::string bits =
      profile.assumed_bits > 0 ? fmt::format("; weights assumed at {} bits", profile.assumed_bits) : "";
  return svg + text_at(kLeft, y + 47, "quiet",
                       fmt::format("{:.0f} M parameters, {:.0f} % in the vocabulary tables{}",
                                   static_cast<double>(profile.parameters) / 1e6,
                                   100 * profile.embedding_share(), bits));
}

// Megabytes below, and the speed that the machine's memory allows for so many.
std::string axis(double largest, const ProfileSetting& setting, double y, double pixels_a_byte) {
  std::string svg = fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" class=\"line\"/>\n",
                                kLeft, kWidth - kLeft, y, y);
  const double step = tick_step(largest);
  for (double bytes = step; bytes <= largest * 1.0001; bytes += step) {
    const double x = kLeft + bytes * pixels_a_byte;
    svg += fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" class=\"line\"/>\n", x,
                       x, y, y + 5);
    const char* anchor = x > kWidth - 60 ? "end" : "middle";
    svg += text_at(x, y + 19, "quiet", fmt::format("{:g} MB", bytes / 1e6), anchor);
    if (setting.read_bytes_per_s == 0) continue;
    svg += text_at(x, y + 35, "quiet", speed(setting.read_bytes_per_s / bytes) + " tok/s", anchor);
  }
  return svg;
}

}  // namespace

std::string profile_svg(const std::vector<ModelProfile>& profiles, const ProfileSetting& setting) {
  double largest = 1;
  for (const ModelProfile& profile : profiles) {
    largest = std::max(largest, bytes_read(profile, setting.depth).total());
  }
  const double pixels_a_byte = kBarWidth / largest;
  const int height = kTop + kRow * static_cast<int>(profiles.size()) + kAxis;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" width=\"{}\" height=\"{}\" "
      "role=\"img\">\n"
      "<title>Bytes that each model reads for a token</title>\n{}",
      kWidth, height, kWidth, height, kStyle);
  svg += text_at(kLeft, 32, "title",
                 fmt::format("Bytes read to decode one token, at {} tokens of context", setting.depth));
  double x = kLeft;
  for (const Purpose& purpose : kPurposes) {
    svg += fmt::format("<rect x=\"{:.1f}\" y=\"48\" width=\"12\" height=\"12\" class=\"{}\"/>\n", x,
                       purpose.style);
    svg += text_at(x + 18, 59, "", purpose.name);
    x += 34 + 7.5 * static_cast<double>(std::string_view(purpose.name).size());
  }
  if (setting.read_bytes_per_s > 0) {
    svg += text_at(kWidth - kLeft, 59, "quiet",
                   fmt::format("this machine reads {:.1f} GB/s", setting.read_bytes_per_s / 1e9), "end");
  }
  for (size_t i = 0; i < profiles.size(); ++i) {
    svg += row(profiles[i], setting, kTop + kRow * static_cast<double>(i), pixels_a_byte);
  }
  return svg + axis(largest, setting, kTop + kRow * static_cast<double>(profiles.size()) - 8, pixels_a_byte) +
         "</svg>\n";
}

}  // namespace understudy
