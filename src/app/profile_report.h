// The profiles of one or several models as text and JSON.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "app/model_profile.h"

namespace understudy {

// What the figures of a report were taken with.
struct ProfileSetting {
  int depth = 0;                // tokens of context
  double read_bytes_per_s = 0;  // of this machine; 0: not measured
  int threads = 0;
};

// Tokens a second if reading were all the work; 0 if the machine was not measured.
double limit_tokens_per_s(const ModelProfile& profile, const ProfileSetting& setting);

std::string profile_table(const ModelProfile& profile, const ProfileSetting& setting);
// One column a model.
std::string comparison_table(const std::vector<ModelProfile>& profiles, const ProfileSetting& setting);
boost::json::object profile_json(const ModelProfile& profile, const ProfileSetting& setting);

}  // namespace understudy
