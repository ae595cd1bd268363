// The proof as a few lines for a terminal.
#pragma once

#include <optional>
#include <string>

#include "eval/proof.h"

namespace understudy {

// The verdict in one plain sentence, without its reasons.
std::string verdict_sentence(const Proof& proof);

// Figures as both reports spell them; what is unknown reads "unknown".
std::string share_text(const Share& share);  // "87.4 % (n 770, 84.9 to 89.6)"
std::string share_text(const std::optional<Share>& share);
std::string thousand_calls_text(const std::optional<double>& cost_per_call,
                                const std::string& currency);     // "1.2 USD"
std::string latency_text(const std::optional<Latency>& latency);  // "p50 12 ms, p95 31 ms (n 770)"
std::string training_text(const Costs& costs);                    // "0.4 USD, break-even after 812 calls"

// At most 110 characters a line, ends with a newline, plain ASCII but for names. Unknown figures read "unknown".
std::string report_text(const Proof& proof);

}  // namespace understudy
