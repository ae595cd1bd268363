// A sink that tells the calls of tools from the text of answers on their way to another sink.
#pragma once

#include <memory>

#include "gateway/provider.h"
#include "gateway/routes/completion_run.h"

namespace understudy {

// `job` has tools.
std::shared_ptr<CompletionSink> make_tool_sink(const ServedModel& model, const CompletionJob& job,
                                               std::shared_ptr<CompletionSink> inner);

}  // namespace understudy
