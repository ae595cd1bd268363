// JSON Schema -> the language of its values, exactly, or an Error that names keyword and path.
//
// Known: drafts 4 to 2020-12 with $ref (recursive too), allOf, anyOf, oneOf, not, if/then/else, dependencies,
// enum, const, ranges, multipleOf, lengths, pattern, format, tuples, contains, uniqueItems of scalars,
// patternProperties, propertyNames, counts of properties. Unknown words are annotations.
//
// Canonical layout of what is accepted: white space as the grammar's Layout says; properties in the order of their declaration, then
// required ones that are not declared, then others; integers without fraction or exponent; strings with the
// shortest escapes (and \u00xx in lower case for control characters).
#pragma once

#include <boost/json.hpp>

#include "base/result.h"
#include "grammar/value_language.h"

namespace understudy {

struct SchemaOptions {
  bool enforce_formats = true;  // false: `format` is an annotation, as 2020-12 has it by default
  size_t budget = 3'000'000;    // work, in states and edges made: about half a second
};

// Errors: unsupported (`what` names the keyword, `where` is the path), invalid_argument (the schema breaks its
// own rules), not_found (no value can satisfy it), exhausted (too complex).
Result<ValueGrammar> compile_schema(boost::json::value schema, const SchemaOptions& options = {});

}  // namespace understudy
