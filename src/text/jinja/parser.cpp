#include "text/jinja/parser.h"

#include <algorithm>
#include <initializer_list>

#include "text/jinja/expression_parser.h"
#include "text/jinja/limits.h"

namespace understudy::jinja {
namespace {

using Kind = Token::Kind;

class Parser {
 public:
  Parser(std::vector<Token> tokens, Tree& tree) : in_(std::move(tokens), tree) {}

  Result<Body> whole() {
    ASSIGN_OR_RETURN(Body body, statements({}));
    if (in_.current().is(Kind::name)) {
      return syntax_error("the tag '" + in_.current().text + "' has no beginning", in_.current().at);
    }
    return body;
  }

 private:
  // Statements up to one of the tags `ends`, whose name is then the current token.
  Result<Body> statements(std::initializer_list<std::string_view> ends) {
    RETURN_IF_ERROR(in_.enter());
    Body body;
    while (!in_.current().is(Kind::end)) {
      const Token& token = in_.current();
      in_.advance();
      if (token.is(Kind::data)) {
        body.push_back({token.at, Data{token.text}});
      } else if (token.is(Kind::print_begin)) {
        ASSIGN_OR_RETURN(const ExpressionPtr value, in_.tuple());
        RETURN_IF_ERROR(in_.expect(Kind::print_end, "}}"));
        body.push_back({token.at, Print{value}});
      } else {
        const Token& tag = in_.current();
        if (std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return tag.is_name(end); }))
          break;
        RETURN_IF_ERROR(statement(body));
        RETURN_IF_ERROR(in_.expect(Kind::block_end, "%}"));
      }
    }
    in_.leave();
    if (ends.size() > 0 && in_.current().is(Kind::end)) {
      return in_.unexpected("the tag '" + std::string(*(ends.end() - 1)) + "'");
    }
    return body;
  }

  // The body of a block tag, from the end of its opening tag to behind the name of its closing tag.
  Result<Body> body_until(std::string_view end) {
    RETURN_IF_ERROR(in_.expect(Kind::block_end, "%}"));
    ASSIGN_OR_RETURN(Body body, statements({end}));
    in_.advance();
    return body;
  }

  Status statement(Body& body) {
    const Token& tag = in_.current();
    if (!tag.is(Kind::name)) return in_.unexpected("the name of a tag");
    static constexpr struct {
      std::string_view name;
      Result<Statement> (Parser::*parse)();
    } kTags[] = {{"if", &Parser::if_statement},       {"for", &Parser::for_statement},
                 {"set", &Parser::set_statement},     {"macro", &Parser::macro_statement},
                 {"call", &Parser::call_statement},   {"filter", &Parser::filter_statement},
                 {"with", &Parser::with_statement},   {"generation", &Parser::generation_statement},
                 {"break", &Parser::break_statement}, {"continue", &Parser::continue_statement}};
    for (const auto& candidate : kTags) {
      if (tag.text != candidate.name) continue;
      in_.advance();
      ASSIGN_OR_RETURN(Statement parsed, (this->*candidate.parse)());
      parsed.at = tag.at;
      body.push_back(std::move(parsed));
      return {};
    }
    if (tag.text.starts_with("end") || tag.text == "else" || tag.text == "elif") {
      return syntax_error("the tag '" + tag.text + "' has no beginning", tag.at);
    }
    return unsupported_error("the tag '" + tag.text + "'", tag.at);
  }

  Result<Statement> if_statement() {
    If result;
    while (true) {
      ASSIGN_OR_RETURN(const ExpressionPtr test, in_.tuple(false));
      RETURN_IF_ERROR(in_.expect(Kind::block_end, "%}"));
      ASSIGN_OR_RETURN(Body body, statements({"elif", "else", "endif"}));
      result.branches.emplace_back(test, std::move(body));
      if (in_.skip_name("elif")) continue;
      const bool otherwise = in_.current().is_name("else");
      in_.advance();
      if (otherwise) {
        ASSIGN_OR_RETURN(result.otherwise, body_until("endif"));
      }
      return Statement{{}, std::move(result)};
    }
  }

  Result<Statement> for_statement() {
    For loop;
    ASSIGN_OR_RETURN(loop.target, target("in"));
    if (!in_.skip_name("in")) return in_.unexpected("'in'");
    ASSIGN_OR_RETURN(loop.iterable, in_.tuple(false));
    if (in_.skip_name("if")) {
      ASSIGN_OR_RETURN(loop.condition, in_.expression());
    }
    if (in_.current().is_name("recursive")) return unsupported_error("a recursive loop", in_.current().at);
    RETURN_IF_ERROR(in_.expect(Kind::block_end, "%}"));
    ++loops_;
    ASSIGN_OR_RETURN(loop.body, statements({"else", "endfor"}));
    --loops_;
    const bool otherwise = in_.current().is_name("else");
    in_.advance();
    if (otherwise) {
      ASSIGN_OR_RETURN(loop.otherwise, body_until("endfor"));
    }
    return Statement{{}, std::move(loop)};
  }

  Result<Target> single_target() {
    Target result;
    result.at = in_.current().at;
    if (in_.skip_symbol("(")) {
      ASSIGN_OR_RETURN(result, target(")"));
      RETURN_IF_ERROR(in_.expect_symbol(")"));
      return result;
    }
    ASSIGN_OR_RETURN(result.name, in_.expect_identifier());
    if (in_.skip_symbol(".")) {
      ASSIGN_OR_RETURN(result.member, in_.expect_identifier());
    }
    return result;
  }

  // `end`: the name or symbol that follows a target, where a tuple may stop after a comma.
  Result<Target> target(std::string_view end) {
    RETURN_IF_ERROR(in_.enter());
    ASSIGN_OR_RETURN(Target first, single_target());
    if (in_.current().is_symbol(",")) {
      Target all;
      all.at = first.at;
      all.elements.push_back(std::move(first));
      while (in_.skip_symbol(",") && !in_.current().is_name(end) && !in_.current().is_symbol(end)) {
        ASSIGN_OR_RETURN(Target next, single_target());
        all.elements.push_back(std::move(next));
      }
      first = std::move(all);
    }
    in_.leave();
    return first;
  }

  Result<Statement> set_statement() {
    ASSIGN_OR_RETURN(Target to, target("="));
    if (in_.skip_symbol("=")) {
      ASSIGN_OR_RETURN(const ExpressionPtr value, in_.tuple());
      return Statement{{}, Set{std::move(to), value}};
    }
    ASSIGN_OR_RETURN(std::vector<Application> filters, in_.filters());
    ASSIGN_OR_RETURN(Body body, body_until("endset"));
    return Statement{{}, SetBlock{std::move(to), std::move(filters), std::move(body)}};
  }

  Result<std::vector<Parameter>> parameters() {
    std::vector<Parameter> list;
    RETURN_IF_ERROR(in_.expect_symbol("("));
    while (!in_.current().is_symbol(")")) {
      if (!list.empty()) RETURN_IF_ERROR(in_.expect_symbol(","));
      Parameter parameter;
      ASSIGN_OR_RETURN(parameter.name, in_.expect_identifier());
      if (in_.skip_symbol("=")) {
        ASSIGN_OR_RETURN(parameter.otherwise, in_.expression());
      } else if (!list.empty() && list.back().otherwise) {
        return in_.unexpected("a default value, as the parameter before has one");
      }
      list.push_back(std::move(parameter));
    }
    in_.advance();
    return list;
  }

  // Fills in the body of a macro (or of a call block, which is one) and what it reads of its caller.
  Status macro_body(MacroDefinition& macro, std::string_view end) {
    const auto outside = std::exchange(in_.special_names, {});
    const int loops = std::exchange(loops_, 0);
    ASSIGN_OR_RETURN(macro.body, body_until(end));
    loops_ = loops;
    const auto inside = std::exchange(in_.special_names, outside);
    macro.uses_caller = inside.caller;
    macro.uses_varargs = inside.varargs;
    macro.uses_kwargs = inside.kwargs;
    return {};
  }

  Result<Statement> macro_statement() {
    MacroDefinition macro;
    ASSIGN_OR_RETURN(macro.name, in_.expect_identifier());
    ASSIGN_OR_RETURN(macro.parameters, parameters());
    RETURN_IF_ERROR(macro_body(macro, "endmacro"));
    return Statement{{}, std::move(macro)};
  }

  Result<Statement> call_statement() {
    CallBlock block;
    block.caller.name = "caller";
    if (in_.current().is_symbol("(")) {
      ASSIGN_OR_RETURN(block.caller.parameters, parameters());
    }
    ASSIGN_OR_RETURN(block.call, in_.expression());
    if (!std::holds_alternative<Call>(block.call->node))
      return syntax_error("a call block needs a call", block.call->at);
    RETURN_IF_ERROR(macro_body(block.caller, "endcall"));
    return Statement{{}, std::move(block)};
  }

  Result<Statement> filter_statement() {
    FilterBlock block;
    ASSIGN_OR_RETURN(Application first, in_.application());
    block.filters.push_back(std::move(first));
    ASSIGN_OR_RETURN(std::vector<Application> more, in_.filters());
    std::move(more.begin(), more.end(), std::back_inserter(block.filters));
    ASSIGN_OR_RETURN(block.body, body_until("endfilter"));
    return Statement{{}, std::move(block)};
  }

  Result<Statement> with_statement() {
    With with;
    while (!in_.current().is(Kind::block_end)) {
      if (!with.variables.empty()) RETURN_IF_ERROR(in_.expect_symbol(","));
      ASSIGN_OR_RETURN(Target to, single_target());
      RETURN_IF_ERROR(in_.expect_symbol("="));
      ASSIGN_OR_RETURN(const ExpressionPtr value, in_.expression());
      with.variables.emplace_back(std::move(to), value);
    }
    ASSIGN_OR_RETURN(with.body, body_until("endwith"));
    return Statement{{}, std::move(with)};
  }

  // transformers' tag around what the model generated; it prints its body, in a scope of its own.
  Result<Statement> generation_statement() {
    With scope;
    ASSIGN_OR_RETURN(scope.body, body_until("endgeneration"));
    return Statement{{}, std::move(scope)};
  }

  Result<Statement> break_statement() { return loop_control(Break{}); }
  Result<Statement> continue_statement() { return loop_control(Continue{}); }

  template <typename Control>
  Result<Statement> loop_control(Control control) {
    if (loops_ == 0) return syntax_error("break or continue outside a loop", in_.current().at);
    return Statement{{}, control};
  }

  ExpressionParser in_;
  int loops_ = 0;
};

}  // namespace

Result<std::unique_ptr<const Tree>> parse_template(std::string_view source) {
  ASSIGN_OR_RETURN(std::vector<Token> tokens, tokenize(source));
  auto tree = std::make_unique<Tree>();
  ASSIGN_OR_RETURN(tree->body, Parser(std::move(tokens), *tree).whole());
  return std::unique_ptr<const Tree>(std::move(tree));
}

}  // namespace understudy::jinja
