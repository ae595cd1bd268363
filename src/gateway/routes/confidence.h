// How sure a locked answer is.
#pragma once

#include <optional>
#include <vector>

#include "engine/request.h"
#include "text/tokenizer.h"

namespace understudy {

// The probability of the least probable value of a JSON answer: for each string, number, literal, and each name of a tool
// that was chosen, the product of the shares (TokenEvent::share) of the tokens that wrote it; the least of them. Keys
// count as values where they were not forced. nullopt for an answer without tokens. A text that is no JSON is one value.
std::optional<double> confidence_of(const std::vector<TokenEvent>& answer, const Tokenizer& tokenizer);

}  // namespace understudy
