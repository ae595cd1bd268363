// Random names and numbers that nobody can guess from others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace understudy {

uint64_t random_u64();

// `prefix` and 24 random letters and digits (142 bits).
std::string random_id(std::string_view prefix);

}  // namespace understudy
