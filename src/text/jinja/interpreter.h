// Runs a syntax tree. One per render.
#pragma once

#include <map>
#include <memory>
#include <string_view>

#include "text/jinja/ast.h"
#include "text/jinja/runtime.h"

namespace understudy::jinja {

// The variables of one scope. Loop bodies, macros and captured blocks open one; `if` does not. A macro keeps
// the scope it was defined in, which keeps the macro: Interpreter cuts these circles at the end.
struct Scope {
  std::map<std::string_view, Value> variables;
  std::shared_ptr<Scope> parent;
};
using ScopePtr = std::shared_ptr<Scope>;

class Interpreter {
 public:
  // `globals` is read only; both must outlive the interpreter.
  Interpreter(Runtime& runtime, ScopePtr globals);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  Result<PromptText> render(const Tree& tree);

 private:
  enum class Flow { next, break_loop, continue_loop };

  // statements: interpreter.cpp
  Result<Flow> run(const Body& body, const ScopePtr& scope);
  Result<Flow> run(const Statement& statement, const ScopePtr& scope);
  Result<Flow> execute(const Data& data, const ScopePtr& scope);
  Result<Flow> execute(const Print& print, const ScopePtr& scope);
  Result<Flow> execute(const If& conditional, const ScopePtr& scope);
  Result<Flow> execute(const For& loop, const ScopePtr& scope);
  Result<Flow> execute(const Set& set, const ScopePtr& scope);
  Result<Flow> execute(const SetBlock& set, const ScopePtr& scope);
  Result<Flow> execute(const FilterBlock& block, const ScopePtr& scope);
  Result<Flow> execute(const MacroDefinition& macro, const ScopePtr& scope);
  Result<Flow> execute(const CallBlock& block, const ScopePtr& scope);
  Result<Flow> execute(const With& with, const ScopePtr& scope);
  Result<Flow> execute(const Break&, const ScopePtr&) { return Flow::break_loop; }
  Result<Flow> execute(const Continue&, const ScopePtr&) { return Flow::continue_loop; }

  Result<std::vector<Value>> loop_items(const For& loop, const ScopePtr& scope);
  Status assign(const Target& target, const Value& value, const ScopePtr& scope);
  // What `body` prints, as a value.
  Result<Value> capture(const Body& body, const ScopePtr& scope);
  Result<Value> apply(const std::vector<Application>& filters, Value value, const ScopePtr& scope);

  // macros: macro.cpp
  Value make_macro(const MacroDefinition& macro, const ScopePtr& scope);
  Result<Value> call_macro(const MacroDefinition& macro, const ScopePtr& scope, const Arguments& arguments);
  Status bind_parameters(const MacroDefinition& macro, const ScopePtr& inside, const Arguments& arguments);

  // expressions: evaluate.cpp
  Result<Value> evaluate(const Expression& expression, const ScopePtr& scope);
  Result<Value> value_of(const Constant& constant, const ScopePtr& scope);
  Result<Value> value_of(const Name& name, const ScopePtr& scope);
  Result<Value> value_of(const ListLiteral& list, const ScopePtr& scope);
  Result<Value> value_of(const DictLiteral& dict, const ScopePtr& scope);
  Result<Value> value_of(const Not& node, const ScopePtr& scope);
  Result<Value> value_of(const Sign& node, const ScopePtr& scope);
  Result<Value> value_of(const Arithmetic& node, const ScopePtr& scope);
  Result<Value> value_of(const Logical& node, const ScopePtr& scope);
  Result<Value> value_of(const Compare& node, const ScopePtr& scope);
  Result<Value> value_of(const Concat& node, const ScopePtr& scope);
  Result<Value> value_of(const Conditional& node, const ScopePtr& scope);
  Result<Value> value_of(const Attribute& node, const ScopePtr& scope);
  Result<Value> value_of(const Subscript& node, const ScopePtr& scope);
  Result<Value> value_of(const Slice& node, const ScopePtr& scope);
  Result<Value> value_of(const Call& node, const ScopePtr& scope);
  Result<Value> value_of(const Filter& node, const ScopePtr& scope);
  Result<Value> value_of(const Test& node, const ScopePtr& scope);
  Result<Value> bound(ExpressionPtr expression, const ScopePtr& scope);
  Result<bool> compare_values(Comparison comparison, const Value& left, const Value& right);
  Result<Arguments> evaluate(const ArgumentList& list, const ScopePtr& scope);

  Runtime& runtime_;
  ScopePtr globals_;
  TextBuilder* out_ = nullptr;
  std::vector<ScopePtr> scopes_with_macros_;
};

}  // namespace understudy::jinja
