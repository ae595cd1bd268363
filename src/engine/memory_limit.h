// Memory this process may use: the machine's, cut down to the cgroup's limit (v1 or v2). Bytes.
#pragma once

#include <cstddef>

namespace understudy {

size_t usable_memory();

}  // namespace understudy
