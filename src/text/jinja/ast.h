// The syntax tree. Expressions live in one flat store (Tree::expressions), so that a chain of a million `+`
// is freed without recursion; statements nest as deep as the parser's recursion, which is limited.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja/arithmetic.h"
#include "text/jinja/lexer.h"
#include "text/jinja/value.h"

namespace understudy::jinja {

struct Expression;
using ExpressionPtr = const Expression*;

struct ArgumentList {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
};
// `| name(arguments)`, `is name(arguments)`
struct Application {
  std::string name;
  ArgumentList arguments;
  Position at;
};

struct Constant {
  Value value;
};
struct Name {
  std::string name;
};
struct ListLiteral {
  std::vector<ExpressionPtr> items;
  bool tuple = false;
};
struct DictLiteral {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};
struct Not {
  ExpressionPtr operand;
};
struct Sign {
  ExpressionPtr operand;
  bool negative;
};
struct Arithmetic {
  ArithmeticOp op;
  ExpressionPtr left, right;
};
struct Logical {
  bool is_and;
  ExpressionPtr left, right;
};
enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };
struct Compare {
  ExpressionPtr first;
  std::vector<std::pair<Comparison, ExpressionPtr>> rest;  // a < b < c
};
struct Concat {
  std::vector<ExpressionPtr> parts;
};
struct Conditional {
  ExpressionPtr test, then, otherwise;  // otherwise: null for `a if b`
};
struct Attribute {
  ExpressionPtr object;
  std::string name;
};
struct Subscript {
  ExpressionPtr object, key;
};
struct Slice {
  ExpressionPtr object, start, stop, step;  // bounds: null when left out
};
struct Call {
  ExpressionPtr callee;
  ArgumentList arguments;
};
struct Filter {
  ExpressionPtr input;
  Application filter;
};
struct Test {
  ExpressionPtr input;
  Application test;
};

struct Expression {
  Position at;
  std::variant<Constant, Name, ListLiteral, DictLiteral, Not, Sign, Arithmetic, Logical, Compare, Concat,
               Conditional, Attribute, Subscript, Slice, Call, Filter, Test>
      node;
};

struct Statement;
using Body = std::vector<Statement>;

// What can be assigned to: a name, a member of a namespace, or a tuple of those.
struct Target {
  std::string name;
  std::string member;            // namespace.member when not empty
  std::vector<Target> elements;  // a tuple when not empty
  Position at;
};
struct Parameter {
  std::string name;
  ExpressionPtr otherwise = nullptr;  // the default value; null for none
};
struct MacroDefinition {
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
  bool uses_caller = false, uses_varargs = false, uses_kwargs = false;
};

struct Data {
  std::string text;
};
struct Print {
  ExpressionPtr value;
};
struct If {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};
struct For {
  Target target;
  ExpressionPtr iterable;
  ExpressionPtr condition = nullptr;  // `for … if condition`
  Body body, otherwise;
};
struct Set {
  Target target;
  ExpressionPtr value;
};
struct SetBlock {
  Target target;
  std::vector<Application> filters;
  Body body;
};
struct FilterBlock {
  std::vector<Application> filters;
  Body body;
};
struct CallBlock {
  ExpressionPtr call;  // a Call
  MacroDefinition caller;
};
struct With {
  std::vector<std::pair<Target, ExpressionPtr>> variables;
  Body body;
};
struct Break {};
struct Continue {};

struct Statement {
  Position at;
  std::variant<Data, Print, If, For, Set, SetBlock, FilterBlock, MacroDefinition, CallBlock, With, Break,
               Continue>
      node;
};

struct Tree {
  std::deque<Expression> expressions;
  Body body;
};

}  // namespace understudy::jinja
