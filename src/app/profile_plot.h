// A drawing of what models read for each token: which design fits the machine.
#pragma once

#include <string>
#include <vector>

#include "app/model_profile.h"
#include "app/profile_report.h"

namespace understudy {

// An SVG document: one bar a model, as long as the bytes that a token reads and split by purpose, with the
// tokens a second that the machine's memory allows. Its colours follow the viewer's light or dark scheme.
std::string profile_svg(const std::vector<ModelProfile>& profiles, const ProfileSetting& setting);

}  // namespace understudy
