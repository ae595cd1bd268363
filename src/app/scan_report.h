// The figures of a scan as text and JSON.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "flywheel/scan.h"

namespace understudy {

// Tasks by spend, then what stays with the incumbent and why, then what was assumed.
std::string scan_table(const ScanFigures& scan, const Mining& mining, const ScanAssumptions& assumptions);
boost::json::object scan_json(const ScanFigures& scan, const Mining& mining,
                              const ScanAssumptions& assumptions);

}  // namespace understudy
