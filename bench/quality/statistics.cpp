// The statistics of a proof, for comparison with other programs. One question a line on stdin, one line of numbers each:
//   tango GAINS LOSSES N LEVEL     -> lower and upper bound, each one-sided
//   mcnemar GAINS LOSSES N         -> p
//   wilson HITS N LEVEL | exact HITS N LEVEL -> low and high
//   below HITS N P                 -> binomial P(X <= HITS)
//   holm P...                      -> adjusted
#include <fmt/format.h>

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "eval/distributions.h"
#include "eval/paired.h"
#include "eval/proportion.h"

int main() {
  using namespace understudy;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    std::vector<double> x;
    for (double value; words >> value;) x.push_back(value);
    const auto whole = [&](size_t i) { return static_cast<int64_t>(x.at(i)); };
    const auto print = [](const Interval& interval) {
      fmt::print("{:.15g} {:.15g}\n", interval.low, interval.high);
    };
    if (what == "tango") {
      const PairedCounts counts{whole(2), whole(0), whole(1)};
      print({tango_lower(counts, x.at(3)), tango_upper(counts, x.at(3))});
    } else if (what == "mcnemar") {
      fmt::print("{:.15g}\n", mcnemar_exact({whole(2), whole(0), whole(1)}));
    } else if (what == "wilson") {
      print(wilson(whole(0), whole(1), x.at(2)));
    } else if (what == "exact") {
      print(clopper_pearson(whole(0), whole(1), x.at(2)));
    } else if (what == "below") {
      fmt::print("{:.15g}\n", binomial_cdf(whole(0), whole(1), x.at(2)));
    } else if (what == "holm") {
      fmt::print("{:.15g}\n", fmt::join(holm(x), " "));
    } else {
      fmt::print(stderr, "unknown question: {}\n", line);
      return 64;
    }
  }
}
