// Template source -> tokens, with jinja2's rules for white space around tags under trim_blocks and
// lstrip_blocks (facts: jinja2 3.1 lexer.py, BSD): a block tag takes the newline after it and the indentation
// before it; '-' takes all white space on its side, '+' keeps what would be taken; one newline at the end of
// the source is dropped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy::jinja {

struct Position {
  unsigned line = 1, column = 1;
};

struct Token {
  enum class Kind {
    data,
    name,
    string,
    integer,
    floating,
    symbol,
    block_begin,
    block_end,
    print_begin,
    print_end,
    end
  };
  Kind kind = Kind::end;
  std::string text;  // unescaped for strings; "" for the begin and end of tags
  Position at;

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_symbol(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
  bool is_name(std::string_view name) const { return kind == Kind::name && text == name; }
};

// Ends with a token of kind `end`.
Result<std::vector<Token>> tokenize(std::string_view source);

// "line 3, column 7 of the template"
std::string describe(Position at);
Error syntax_error(std::string what, Position at);
Error unsupported_error(std::string_view construct, Position at);

}  // namespace understudy::jinja
