// The domain gate of a specialist that has no head: its rows as a file of
// little-endian f32.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/result.h"
#include "train/heads/domain_gate.h"

namespace understudy {

// Writes FOLDER/gate.f32 and gives what a spec says of it.
Result<boost::json::object> write_gate(const DomainGate& gate, const std::string& folder);
// Of a spec's member "gate". Error{corrupt}.
Result<DomainGate> read_gate(const boost::json::object& spec, const std::string& folder);

}  // namespace understudy
