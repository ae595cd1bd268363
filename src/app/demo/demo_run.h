// The whole loop on real data, from the first call to the table.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "app/demo/demo_options.h"
#include "base/result.h"

namespace understudy {

// Runs what is not done yet, or reads what is. Progress goes to stderr. The report is what measure_json and the stages
// left: see docs/howto/demo.md. Errors: those of the data, the models, the upstream and the folder.
Result<boost::json::object> run_demo(const DemoOptions& options);

// The report as text for a terminal.
std::string demo_text(const boost::json::object& report);

// What --upstream would cost at list prices, in words.
Result<std::string> price_of_demo(const DemoOptions& options);

}  // namespace understudy
