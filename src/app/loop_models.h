// What the verbs of the loop share: the user's models for specialists, and progress on stderr.
#pragma once

#include <atomic>

#include "flywheel/models.h"
#include "flywheel/specialise.h"

namespace understudy {

// Models by the names of the user's model store. `threads` 0: all that the process may use.
Models models_of_user(int threads = 0);

// Progress of stages with what is left of each: redrawn on a terminal, a line now and then elsewhere.
OnProgress progress_on_stderr();

// Becomes true at the first SIGINT or SIGTERM after this call; the second one ends the process as usual.
const std::atomic<bool>* cancelled_by_signal();

}  // namespace understudy
