// What must hold of a TokenizerSpec before anything is built from it. Errors name the GGUF key that carries
// the value.
#pragma once

#include "base/result.h"
#include "text/tokenizer.h"

namespace understudy {

// Sizes, types, scores and ids.
Status check_spec(const TokenizerSpec& spec);

// Text that nothing else spells becomes the unknown token, which must not steer the model. `spec` is checked.
Status check_unknown(const TokenizerSpec& spec);

// Error{corrupt} about the tokenizer, and how messages name a token.
Error corrupt_tokenizer(std::string what, std::string where);
std::string describe_token(const TokenizerSpec& spec, TokenId id);

}  // namespace understudy
