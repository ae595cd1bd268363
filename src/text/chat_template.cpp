#include "text/chat_template.h"

#include "text/jinja/functions.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/parser.h"

namespace understudy {

struct ChatTemplate::Program {
  std::unique_ptr<const jinja::Tree> tree;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Program> program) : program_(std::move(program)) {}
ChatTemplate::~ChatTemplate() = default;

Result<std::shared_ptr<const ChatTemplate>> ChatTemplate::parse(std::string_view source) {
  ASSIGN_OR_RETURN(auto tree, jinja::parse_template(source));
  auto program = std::make_unique<Program>(Program{std::move(tree)});
  return std::shared_ptr<const ChatTemplate>(new ChatTemplate(std::move(program)));
}

namespace {

// Names as transformers' apply_chat_template passes them; `documents` is always there, and none.
Result<jinja::ScopePtr> global_scope(jinja::Runtime& runtime, const ChatTemplateInput& input) {
  auto scope = std::make_shared<jinja::Scope>();
  auto& variables = scope->variables;
  for (const auto& [name, function] : jinja::global_functions()) variables[name] = function;
  variables["documents"] = jinja::None{};
  variables["bos_token"] = jinja::trusted_text(input.bos_token);
  variables["eos_token"] = jinja::trusted_text(input.eos_token);
  variables["add_generation_prompt"] = input.add_generation_prompt;
  for (const auto& member : input.extra) {
    ASSIGN_OR_RETURN(variables[std::string_view(member.key())], jinja::from_json(runtime, member.value()));
  }
  ASSIGN_OR_RETURN(variables["messages"], jinja::from_json(runtime, input.messages));
  ASSIGN_OR_RETURN(variables["tools"], jinja::from_json(runtime, input.tools));
  return scope;
}

}  // namespace

Result<PromptText> ChatTemplate::render(const ChatTemplateInput& input) const {
  jinja::Runtime runtime(input.now);
  ASSIGN_OR_RETURN(jinja::ScopePtr globals, global_scope(runtime, input));
  return jinja::Interpreter(runtime, std::move(globals)).render(*program_->tree);
}

std::string_view plain_chat_template() {
  return R"({%- for message in messages %}
{{- message.role ~ ': ' ~ (message.content or '') ~ '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ 'assistant:' }}{% endif %})";
}

}  // namespace understudy
