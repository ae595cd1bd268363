// Tokens -> syntax tree, by jinja2's grammar (facts: jinja2 3.1 parser.py, BSD). Tags that chat templates do
// not use (include, import, extends, block, recursive loops, *args) are Error{unsupported}.
#pragma once

#include <memory>
#include <string_view>

#include "text/jinja/ast.h"

namespace understudy::jinja {

Result<std::unique_ptr<const Tree>> parse_template(std::string_view source);

}  // namespace understudy::jinja
