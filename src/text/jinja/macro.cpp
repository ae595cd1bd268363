#include <algorithm>

#include "text/jinja/interpreter.h"

namespace understudy::jinja {

Value Interpreter::make_macro(const MacroDefinition& macro, const ScopePtr& scope) {
  scopes_with_macros_.push_back(scope);
  Callable callable{macro.name, {}};
  // A macro is called through this interpreter only: its scopes are emptied with the interpreter.
  callable.call = [this, &macro, scope](Runtime&, const Arguments& arguments) {
    return call_macro(macro, scope, arguments);
  };
  return std::make_shared<const Callable>(std::move(callable));
}

Result<Value> Interpreter::call_macro(const MacroDefinition& macro, const ScopePtr& scope,
                                      const Arguments& arguments) {
  const auto inside = std::make_shared<Scope>(Scope{{}, scope});
  RETURN_IF_ERROR(bind_parameters(macro, inside, arguments));
  return capture(macro.body, inside);
}

// jinja2: arguments that no parameter takes are an error unless the body reads `varargs` or `kwargs`; a
// parameter that gets nothing is undefined.
Status Interpreter::bind_parameters(const MacroDefinition& macro, const ScopePtr& inside,
                                    const Arguments& arguments) {
  auto named = arguments.named;
  const auto take = [&](std::string_view name) -> std::optional<Value> {
    const auto found =
        std::find_if(named.begin(), named.end(), [&](const auto& a) { return a.first == name; });
    if (found == named.end()) return std::nullopt;
    Value value = std::move(found->second);
    named.erase(found);
    return value;
  };
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    const Parameter& parameter = macro.parameters[i];
    std::optional<Value> value;
    if (i < arguments.positional.size()) {
      value = arguments.positional[i];
    } else {
      value = take(parameter.name);
    }
    if (!value && parameter.otherwise) {
      ASSIGN_OR_RETURN(value, evaluate(*parameter.otherwise, inside));
    }
    inside->variables[parameter.name] =
        value ? *value : undefined("parameter '" + parameter.name + "' was not provided");
  }
  if (macro.uses_caller && inside->variables.find("caller") == inside->variables.end()) {
    inside->variables["caller"] = take("caller").value_or(undefined("No caller defined"));
  }
  const size_t taken = std::min(arguments.positional.size(), macro.parameters.size());
  if (macro.uses_varargs) {
    std::vector<Value> rest(arguments.positional.begin() + static_cast<std::ptrdiff_t>(taken),
                            arguments.positional.end());
    ASSIGN_OR_RETURN(inside->variables["varargs"], runtime_.sequence(std::move(rest), Sequence::Kind::tuple));
  } else if (arguments.positional.size() > taken) {
    return type_error("macro '" + macro.name + "' takes not more than " + std::to_string(taken) +
                      " arguments");
  }
  if (macro.uses_kwargs) {
    Dict dict;
    for (auto& [name, value] : named) RETURN_IF_ERROR(dict.insert(trusted_text(name), std::move(value)));
    ASSIGN_OR_RETURN(inside->variables["kwargs"], runtime_.dict(std::move(dict)));
  } else if (!named.empty()) {
    return type_error("macro '" + macro.name + "' takes no argument '" + named.front().first + "'");
  }
  return {};
}

}  // namespace understudy::jinja
