// A small x-y plot as inline SVG: no scripts, no fonts, no references to anywhere. Colours come from the page's classes
// (specialist, incumbent, guide), so that it follows a dark page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eval/interval.h"

namespace understudy {

// `text` for HTML and SVG content and attribute values.
std::string html_escaped(std::string_view text);

struct PlotPoint {
  double x = 0, y = 0;
};

struct PlotAxis {
  std::string title;
  double low = 0, high = 1;              // low < high
  std::vector<double> ticks;             // printed as per cent unless there are labels
  std::vector<std::string> tick_labels;  // as many as ticks, or none
};

class SvgPlot {
 public:
  // `title` is what a screen reader says of it.
  SvgPlot(std::string_view title, PlotAxis x, PlotAxis y);

  void line(const std::vector<PlotPoint>& points, std::string_view style);
  void horizontal_guide(double y, std::string_view label);
  void vertical_guide(double x, std::string_view label);
  // A dot with its vertical interval; `hint` appears under the pointer.
  void dot(PlotPoint at, Interval y_interval, std::string_view style, std::string_view hint);

  std::string svg() const;

 private:
  double px(double x) const;
  double py(double y) const;

  PlotAxis x_, y_;
  std::string head_, body_;
};

}  // namespace understudy
