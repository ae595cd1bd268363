// A log of one day has one date in every prompt, which looks constant and will not be so tomorrow.
#pragma once

#include <cstdint>
#include <vector>

#include "flywheel/skeleton.h"

namespace understudy {

// `skeleton` with a slot for every date in its literals that is the day of the calls: `days` (since 1970-01-01, one a
// call) all within a day of it, because clocks of clients have other zones. Dates of other times stay constant text,
// and so does everything if a call's day is not known (0).
Skeleton with_todays_date_as_slot(const Skeleton& skeleton, const std::vector<int64_t>& days);

}  // namespace understudy
