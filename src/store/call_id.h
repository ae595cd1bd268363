// Names of calls: "call_" and 26 characters that sort by time.
//
// The 26 characters are a UUIDv7 (RFC 9562, 5.7: 48 bits of Unix milliseconds, then 74 random bits) in
// Crockford's base 32, lower case: the form that TypeID (github.com/jetify-com/typeid) gives to a UUID. Names of
// one millisecond sort at random among themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace understudy {

// Milliseconds since 1970, UTC.
int64_t unix_ms_now();

// A new name for a call of that time; nobody can guess it. Times outside [0, 2^48) are brought inside.
std::string new_call_id(int64_t time_ms);

// The smallest name that a call of that time or later can have: bounds of a range of names.
std::string first_call_id_of(int64_t time_ms);

// The time that a name carries; nullopt if the text is not the name of a call.
std::optional<int64_t> time_of_call_id(std::string_view id);

}  // namespace understudy
