// The proof as one HTML page that needs nothing else: no scripts, no network, plots as inline SVG.
#pragma once

#include <string>

#include "eval/proof.h"

namespace understudy {

// Every name in it is escaped: ids, slices and reasons come from calls.
std::string report_html(const Proof& proof);

}  // namespace understudy
