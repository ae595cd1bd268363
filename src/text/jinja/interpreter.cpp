#include "text/jinja/interpreter.h"

#include "text/jinja/filters.h"
#include "text/jinja/stringify.h"

namespace understudy::jinja {
namespace {

ScopePtr open_scope(const ScopePtr& parent) { return std::make_shared<Scope>(Scope{{}, parent}); }

}  // namespace

Interpreter::Interpreter(Runtime& runtime, ScopePtr globals)
    : runtime_(runtime), globals_(std::move(globals)) {}

Interpreter::~Interpreter() {
  for (const auto& scope : scopes_with_macros_) scope->variables.clear();
}

Result<PromptText> Interpreter::render(const Tree& tree) {
  TextBuilder out;
  out_ = &out;
  ASSIGN_OR_RETURN(const Flow flow, run(tree.body, open_scope(globals_)));
  (void)flow;  // the parser admits break and continue only inside loops
  ASSIGN_OR_RETURN(const Value text, runtime_.finish(out));
  return text.text();
}

Result<Interpreter::Flow> Interpreter::run(const Body& body, const ScopePtr& scope) {
  for (const Statement& statement : body) {
    ASSIGN_OR_RETURN(const Flow flow, run(statement, scope));
    if (flow != Flow::next) return flow;
  }
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::run(const Statement& statement, const ScopePtr& scope) {
  auto result = [&]() -> Result<Flow> {
    RETURN_IF_ERROR(runtime_.enter());
    return std::visit([&](const auto& node) { return execute(node, scope); }, statement.node);
  }();
  if (result.ok()) {
    runtime_.leave();
    return result;
  }
  Error error = result.error();
  if (error.where.empty()) error.where = describe(statement.at);
  return error;
}

Result<Interpreter::Flow> Interpreter::execute(const Data& data, const ScopePtr& scope) {
  RETURN_IF_ERROR(runtime_.spend_bytes(data.text.size()));
  out_->append(data.text, false);
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::execute(const Print& print, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value value, evaluate(*print.value, scope));
  RETURN_IF_ERROR(append_text(runtime_, *out_, value));
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::execute(const If& conditional, const ScopePtr& scope) {
  for (const auto& [test, body] : conditional.branches) {
    ASSIGN_OR_RETURN(const Value value, evaluate(*test, scope));
    if (value.truthy()) return run(body, scope);
  }
  return run(conditional.otherwise, scope);
}

Result<std::vector<Value>> Interpreter::loop_items(const For& loop, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value iterable, evaluate(*loop.iterable, scope));
  ASSIGN_OR_RETURN(std::vector<Value> items, iterate(runtime_, iterable));
  if (!loop.condition) return items;
  std::vector<Value> kept;
  for (Value& item : items) {
    const ScopePtr inside = open_scope(scope);
    RETURN_IF_ERROR(assign(loop.target, item, inside));
    ASSIGN_OR_RETURN(const Value wanted, evaluate(*loop.condition, inside));
    if (wanted.truthy()) kept.push_back(std::move(item));
  }
  return kept;
}

Result<Interpreter::Flow> Interpreter::execute(const For& loop, const ScopePtr& scope) {
  auto state = std::make_shared<Loop>();
  ASSIGN_OR_RETURN(state->items, loop_items(loop, scope));
  if (state->items.empty()) return run(loop.otherwise, open_scope(scope));
  for (; state->index0 < state->items.size(); ++state->index0) {
    const ScopePtr inside = open_scope(scope);
    inside->variables["loop"] = LoopPtr(state);
    RETURN_IF_ERROR(assign(loop.target, state->items[state->index0], inside));
    ASSIGN_OR_RETURN(const Flow flow, run(loop.body, inside));
    if (flow == Flow::break_loop) break;
  }
  return Flow::next;
}

Status Interpreter::assign(const Target& target, const Value& value, const ScopePtr& scope) {
  if (target.elements.empty() && target.member.empty()) {
    scope->variables[target.name] = value;
    return {};
  }
  if (!target.member.empty()) {
    ASSIGN_OR_RETURN(const Value space, value_of(Name{target.name}, scope));
    if (!space.is<NamespacePtr>()) {
      Error error = type_error("'" + target.name +
                               "' is not a namespace; only namespaces have members that can be set");
      error.where = describe(target.at);
      return error;
    }
    RETURN_IF_ERROR(runtime_.spend(1));
    space.as<NamespacePtr>()->members[target.member] = value;
    return {};
  }
  ASSIGN_OR_RETURN(const std::vector<Value> items, iterate(runtime_, value));
  if (items.size() != target.elements.size()) {
    Error error = type_error("cannot assign " + std::to_string(items.size()) + " values to " +
                             std::to_string(target.elements.size()) + " names");
    error.where = describe(target.at);
    return error;
  }
  for (size_t i = 0; i < items.size(); ++i) RETURN_IF_ERROR(assign(target.elements[i], items[i], scope));
  return {};
}

Result<Interpreter::Flow> Interpreter::execute(const Set& set, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value value, evaluate(*set.value, scope));
  RETURN_IF_ERROR(assign(set.target, value, scope));
  return Flow::next;
}

Result<Value> Interpreter::capture(const Body& body, const ScopePtr& scope) {
  TextBuilder captured;
  TextBuilder* const outside = std::exchange(out_, &captured);
  const auto flow = run(body, scope);
  out_ = outside;
  if (!flow.ok()) return flow.error();
  return runtime_.finish(captured);
}

Result<Value> Interpreter::apply(const std::vector<Application>& filters, Value value,
                                 const ScopePtr& scope) {
  for (const Application& filter : filters) {
    ASSIGN_OR_RETURN(const Arguments arguments, evaluate(filter.arguments, scope));
    ASSIGN_OR_RETURN(value, apply_filter(runtime_, filter.name, value, arguments));
  }
  return value;
}

Result<Interpreter::Flow> Interpreter::execute(const SetBlock& set, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(Value value, capture(set.body, open_scope(scope)));
  ASSIGN_OR_RETURN(value, apply(set.filters, std::move(value), scope));
  RETURN_IF_ERROR(assign(set.target, value, scope));
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::execute(const FilterBlock& block, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(Value value, capture(block.body, open_scope(scope)));
  ASSIGN_OR_RETURN(value, apply(block.filters, std::move(value), scope));
  RETURN_IF_ERROR(append_text(runtime_, *out_, value));
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::execute(const MacroDefinition& macro, const ScopePtr& scope) {
  scope->variables[macro.name] = make_macro(macro, scope);
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::execute(const CallBlock& block, const ScopePtr& scope) {
  const auto& call = std::get<Call>(block.call->node);
  ASSIGN_OR_RETURN(const Value callee, evaluate(*call.callee, scope));
  ASSIGN_OR_RETURN(Arguments arguments, evaluate(call.arguments, scope));
  if (!callee.is<CallablePtr>()) return type_error("a call block needs a macro");
  arguments.named.emplace_back("caller", make_macro(block.caller, scope));
  ASSIGN_OR_RETURN(const Value printed, callee.as<CallablePtr>()->call(runtime_, arguments));
  RETURN_IF_ERROR(append_text(runtime_, *out_, printed));
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::execute(const With& with, const ScopePtr& scope) {
  const ScopePtr inside = open_scope(scope);
  for (const auto& [target, expression] : with.variables) {
    ASSIGN_OR_RETURN(const Value value, evaluate(*expression, scope));
    RETURN_IF_ERROR(assign(target, value, inside));
  }
  return run(with.body, inside);
}

}  // namespace understudy::jinja
