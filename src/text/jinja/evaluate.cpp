#include "text/jinja/access.h"
#include "text/jinja/compare.h"
#include "text/jinja/filters.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/stringify.h"
#include "text/jinja/tests.h"

namespace understudy::jinja {

Result<Value> Interpreter::evaluate(const Expression& expression, const ScopePtr& scope) {
  auto result = [&]() -> Result<Value> {
    RETURN_IF_ERROR(runtime_.enter());
    return std::visit([&](const auto& node) { return value_of(node, scope); }, expression.node);
  }();
  if (result.ok()) {
    runtime_.leave();
    return result;
  }
  Error error = result.error();
  if (error.where.empty()) error.where = describe(expression.at);
  return error;
}

Result<Arguments> Interpreter::evaluate(const ArgumentList& list, const ScopePtr& scope) {
  Arguments arguments;
  for (const ExpressionPtr expression : list.positional) {
    ASSIGN_OR_RETURN(Value value, evaluate(*expression, scope));
    arguments.positional.push_back(std::move(value));
  }
  for (const auto& [name, expression] : list.named) {
    ASSIGN_OR_RETURN(Value value, evaluate(*expression, scope));
    arguments.named.emplace_back(name, std::move(value));
  }
  return arguments;
}

Result<Value> Interpreter::value_of(const Constant& constant, const ScopePtr& scope) {
  return constant.value;
}

Result<Value> Interpreter::value_of(const Name& name, const ScopePtr& scope) {
  size_t passed = 0;
  for (const Scope* place = scope.get(); place; place = place->parent.get()) {
    const auto found = place->variables.find(name.name);
    if (found != place->variables.end()) return found->second;
    if (++passed % kScopesPerStep == 0) RETURN_IF_ERROR(runtime_.spend(1));
  }
  return undefined("'" + name.name + "' is undefined");
}

Result<Value> Interpreter::value_of(const ListLiteral& list, const ScopePtr& scope) {
  std::vector<Value> items;
  for (const ExpressionPtr expression : list.items) {
    ASSIGN_OR_RETURN(Value item, evaluate(*expression, scope));
    items.push_back(std::move(item));
  }
  return runtime_.sequence(std::move(items), list.tuple ? Sequence::Kind::tuple : Sequence::Kind::list);
}

Result<Value> Interpreter::value_of(const DictLiteral& literal, const ScopePtr& scope) {
  Dict dict;
  for (const auto& [key_expression, value_expression] : literal.entries) {
    ASSIGN_OR_RETURN(Value key, evaluate(*key_expression, scope));
    ASSIGN_OR_RETURN(Value value, evaluate(*value_expression, scope));
    RETURN_IF_ERROR(runtime_.spend_key(key));
    RETURN_IF_ERROR(dict.insert(std::move(key), std::move(value)));
  }
  return runtime_.dict(std::move(dict));
}

Result<Value> Interpreter::value_of(const Not& node, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value value, evaluate(*node.operand, scope));
  return Value(!value.truthy());
}

Result<Value> Interpreter::value_of(const Sign& node, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value value, evaluate(*node.operand, scope));
  if (value.is<Undefined>()) return type_error(*value.as<Undefined>().why);
  ASSIGN_OR_RETURN(const Value negative, negate(value));
  return node.negative ? Result<Value>(negative) : negate(negative);
}

Result<Value> Interpreter::value_of(const Arithmetic& node, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value left, evaluate(*node.left, scope));
  ASSIGN_OR_RETURN(const Value right, evaluate(*node.right, scope));
  return arithmetic(runtime_, node.op, left, right);
}

Result<Value> Interpreter::value_of(const Logical& node, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(Value left, evaluate(*node.left, scope));
  if (left.truthy() != node.is_and) return left;
  return evaluate(*node.right, scope);
}

Result<bool> Interpreter::compare_values(Comparison comparison, const Value& left, const Value& right) {
  switch (comparison) {
    case Comparison::equal:
      return equal(runtime_, left, right);
    case Comparison::in:
      return contains(runtime_, right, left);
    case Comparison::not_equal: {
      ASSIGN_OR_RETURN(const bool same, equal(runtime_, left, right));
      return !same;
    }
    case Comparison::not_in: {
      ASSIGN_OR_RETURN(const bool inside, contains(runtime_, right, left));
      return !inside;
    }
    default:
      break;
  }
  ASSIGN_OR_RETURN(const int order, compare(runtime_, left, right));
  if (comparison == Comparison::less) return order < 0;
  if (comparison == Comparison::less_equal) return order <= 0;
  if (comparison == Comparison::greater) return order > 0;
  return order >= 0;
}

Result<Value> Interpreter::value_of(const Compare& node, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(Value left, evaluate(*node.first, scope));
  for (const auto& [comparison, expression] : node.rest) {
    ASSIGN_OR_RETURN(Value right, evaluate(*expression, scope));
    ASSIGN_OR_RETURN(const bool holds, compare_values(comparison, left, right));
    if (!holds) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Result<Value> Interpreter::value_of(const Concat& node, const ScopePtr& scope) {
  TextBuilder out;
  for (const ExpressionPtr part : node.parts) {
    ASSIGN_OR_RETURN(const Value value, evaluate(*part, scope));
    RETURN_IF_ERROR(append_text(runtime_, out, value));
  }
  return runtime_.finish(out);
}

Result<Value> Interpreter::value_of(const Conditional& node, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value test, evaluate(*node.test, scope));
  if (test.truthy()) return evaluate(*node.then, scope);
  if (node.otherwise) return evaluate(*node.otherwise, scope);
  return undefined("the inline if-expression evaluated to false and has no else");
}

Result<Value> Interpreter::value_of(const Attribute& node, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value object, evaluate(*node.object, scope));
  return get_attribute(runtime_, object, node.name);
}

Result<Value> Interpreter::value_of(const Subscript& node, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value object, evaluate(*node.object, scope));
  ASSIGN_OR_RETURN(const Value key, evaluate(*node.key, scope));
  return get_item(runtime_, object, key);
}

Result<Value> Interpreter::bound(ExpressionPtr expression, const ScopePtr& scope) {
  if (!expression) return Value(None{});
  return evaluate(*expression, scope);
}

Result<Value> Interpreter::value_of(const Slice& node, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value object, evaluate(*node.object, scope));
  ASSIGN_OR_RETURN(const Value start, bound(node.start, scope));
  ASSIGN_OR_RETURN(const Value stop, bound(node.stop, scope));
  ASSIGN_OR_RETURN(const Value step, bound(node.step, scope));
  return get_slice(runtime_, object, start, stop, step);
}

Result<Value> Interpreter::value_of(const Call& node, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value callee, evaluate(*node.callee, scope));
  if (callee.is<Undefined>()) return type_error(*callee.as<Undefined>().why);
  if (!callee.is<CallablePtr>())
    return type_error("'" + std::string(callee.type_name()) + "' cannot be called");
  ASSIGN_OR_RETURN(const Arguments arguments, evaluate(node.arguments, scope));
  return callee.as<CallablePtr>()->call(runtime_, arguments);
}

Result<Value> Interpreter::value_of(const Filter& node, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value input, evaluate(*node.input, scope));
  ASSIGN_OR_RETURN(const Arguments arguments, evaluate(node.filter.arguments, scope));
  return apply_filter(runtime_, node.filter.name, input, arguments);
}

Result<Value> Interpreter::value_of(const Test& node, const ScopePtr& scope) {
  ASSIGN_OR_RETURN(const Value input, evaluate(*node.input, scope));
  ASSIGN_OR_RETURN(const Arguments arguments, evaluate(node.test.arguments, scope));
  ASSIGN_OR_RETURN(const bool holds, apply_test(runtime_, node.test.name, input, arguments));
  return Value(holds);
}

}  // namespace understudy::jinja
