// Regular expressions (ECMA-262 with the u flag, as JSON Schema's `pattern` has them) -> automata. Linear time
// by construction: a pattern becomes a Dfa or an Error, never a backtracking search.
//
// Known: alternatives, groups (named ones too), quantifiers (lazy ones mean the same texts), classes, escapes,
// \p{general category}, ^ and $ anywhere, and lookahead right behind a leading ^. Not known, and refused:
// back references, \b, lookbehind, other lookahead, flags, script properties. Of Annex B: a brace or bracket
// that opens nothing is itself.
#pragma once

#include <string_view>

#include "grammar/dfa.h"

namespace understudy {

// Texts in which `pattern` matches somewhere. Errors: unsupported, invalid_argument (`what` names the
// construct and its byte), exhausted.
DfaResult regex_dfa(std::string_view pattern, Budget& budget);

}  // namespace understudy
