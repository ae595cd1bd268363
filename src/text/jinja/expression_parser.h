// The token stream and the expression half of the parser.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/ast.h"

namespace understudy::jinja {

class ExpressionParser {
 public:
  ExpressionParser(std::vector<Token> tokens, Tree& tree) : tokens_(std::move(tokens)), tree_(tree) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& look_ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  void advance() { at_ = std::min(at_ + 1, tokens_.size() - 1); }
  bool skip_symbol(std::string_view symbol);
  bool skip_name(std::string_view name);
  Status expect_symbol(std::string_view symbol);
  Status expect(Token::Kind kind, std::string_view what);
  Result<std::string> expect_identifier();
  Error unexpected(std::string_view wanted) const;

  // One expression, or a tuple without brackets: `a, b`.
  Result<ExpressionPtr> tuple(bool with_conditional = true);
  Result<ExpressionPtr> expression(bool with_conditional = true);
  Result<ArgumentList> arguments();            // at '('
  Result<Application> application();           // name and optional arguments
  Result<std::vector<Application>> filters();  // | name(…) | name …

  Status enter();
  void leave() { --depth_; }

  // Names that a macro's body reads; the parser of macros resets and reads it.
  struct SpecialNames {
    bool caller = false, varargs = false, kwargs = false;
  };
  SpecialNames special_names;

 private:
  template <typename Node>
  ExpressionPtr make(Position at, Node node) {
    tree_.expressions.push_back({at, std::move(node)});
    return &tree_.expressions.back();
  }

  Result<ExpressionPtr> conditional();
  Result<ExpressionPtr> logical_or();
  Result<ExpressionPtr> logical_and();
  Result<ExpressionPtr> logical_not();
  Result<ExpressionPtr> comparison();
  Result<ExpressionPtr> arithmetic_level(int level);
  Result<ExpressionPtr> concatenation();
  Result<ExpressionPtr> unary(bool with_filter = true);
  Result<ExpressionPtr> primary();
  Result<ExpressionPtr> name_or_constant();
  Result<ExpressionPtr> string();
  Result<ExpressionPtr> number();
  Result<ExpressionPtr> parenthesized();
  Result<ExpressionPtr> list();
  Result<ExpressionPtr> dict();
  Result<ExpressionPtr> postfix(ExpressionPtr object);
  Result<ExpressionPtr> filters_and_tests(ExpressionPtr input);
  Result<ExpressionPtr> test(ExpressionPtr input);
  Result<ExpressionPtr> attribute(ExpressionPtr object);
  Result<ExpressionPtr> subscript(ExpressionPtr object);
  std::optional<Comparison> comparison_operator();

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  Tree& tree_;
};

}  // namespace understudy::jinja
