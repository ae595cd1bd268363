// CHECK(condition): our own invariants only. No file, request or user input may reach a failing CHECK.
#pragma once

#include <cstdlib>

namespace understudy {
[[noreturn]] inline void check_failed() { std::abort(); }
}  // namespace understudy

#define CHECK(condition) ((condition) ? (void)0 : ::understudy::check_failed())
