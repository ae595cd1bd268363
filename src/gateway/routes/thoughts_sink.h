// A sink that tells thoughts from the text of answers on their way to another sink.
#pragma once

#include <memory>

#include "gateway/routes/completion_run.h"

namespace understudy {

// `job` has thoughts.
std::shared_ptr<CompletionSink> make_thoughts_sink(const CompletionJob& job,
                                                   std::shared_ptr<CompletionSink> inner);

}  // namespace understudy
