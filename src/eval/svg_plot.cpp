#include "eval/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>

namespace understudy {
namespace {

// Pixels.
constexpr double kWidth = 640, kHeight = 320, kLeft = 56, kRight = 16, kTop = 16, kBottom = 52;

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

double SvgPlot::px(double x) const {
  return kLeft + std::clamp((x - x_.low) / (x_.high - x_.low), 0.0, 1.0) * (kWidth - kLeft - kRight);
}

double SvgPlot::py(double y) const {
  return kHeight - kBottom -
         std::clamp((y - y_.low) / (y_.high - y_.low), 0.0, 1.0) * (kHeight - kTop - kBottom);
}

SvgPlot::SvgPlot(std::string_view title, PlotAxis x, PlotAxis y) : x_(std::move(x)), y_(std::move(y)) {
  head_ = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", kWidth, kHeight,
                      html_escaped(title));
  const double bottom = kHeight - kBottom;
  const auto label = [](const PlotAxis& axis, size_t i) {
    return i < axis.tick_labels.size() ? html_escaped(axis.tick_labels[i])
                                       : fmt::format("{:.3g} %", 100 * axis.ticks[i]);
  };
  for (size_t i = 0; i < y_.ticks.size(); i++) {
    const double at = py(y_.ticks[i]);
    body_ += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
        "<text class=\"quiet\" x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
        kLeft, kWidth - kRight, at, kLeft - 6, at + 4, label(y_, i));
  }
  for (size_t i = 0; i < x_.ticks.size(); i++) {
    body_ += fmt::format("<text class=\"quiet\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                         px(x_.ticks[i]), bottom + 18, label(x_, i));
  }
  body_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                       (kLeft + kWidth - kRight) / 2, kHeight - 10, html_escaped(x_.title));
  body_ += fmt::format(
      "<text x=\"14\" y=\"{0}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {0})\">{1}</text>\n",
      (kTop + bottom) / 2, html_escaped(y_.title));
}

void SvgPlot::line(const std::vector<PlotPoint>& points, std::string_view style) {
  std::string path;
  for (const PlotPoint& point : points)
    path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", px(point.x), py(point.y));
  body_ += fmt::format("<polyline class=\"curve {}\" points=\"{}\"/>\n", html_escaped(style), path);
}

void SvgPlot::horizontal_guide(double y, std::string_view label) {
  body_ += fmt::format(
      "<line class=\"guide\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
      "<text class=\"quiet\" x=\"{1}\" y=\"{3:.1f}\" text-anchor=\"end\">{4}</text>\n",
      kLeft, kWidth - kRight, py(y), py(y) - 4, html_escaped(label));
}

void SvgPlot::vertical_guide(double x, std::string_view label) {
  const bool right_half = px(x) > kWidth / 2;
  body_ += fmt::format(
      "<line class=\"guide\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
      "<text class=\"quiet\" x=\"{3:.1f}\" y=\"{4}\" text-anchor=\"{5}\">{6}</text>\n",
      px(x), kTop, kHeight - kBottom, px(x) + (right_half ? -4 : 4), kTop + 12, right_half ? "end" : "start",
      html_escaped(label));
}

void SvgPlot::dot(PlotPoint at, Interval y_interval, std::string_view style, std::string_view hint) {
  body_ += fmt::format(
      "<g class=\"{0}\"><title>{1}</title><line x1=\"{2:.1f}\" x2=\"{2:.1f}\" y1=\"{3:.1f}\" y2=\"{4:.1f}\"/>"
      "<circle cx=\"{2:.1f}\" cy=\"{5:.1f}\" r=\"4\"/></g>\n",
      html_escaped(style), html_escaped(hint), px(at.x), py(y_interval.low), py(y_interval.high), py(at.y));
}

std::string SvgPlot::svg() const { return head_ + body_ + "</svg>\n"; }

}  // namespace understudy
