// POST /v1/chat/completions
// Source: https://platform.openai.com/docs/api-reference/chat/create
#include <ctime>
#include <limits>

#include "gateway/answer_locks.h"
#include "gateway/routes/openai_answer.h"
#include "gateway/routes/openai_error.h"
#include "gateway/routes/openai_messages.h"
#include "gateway/routes/openai_params.h"
#include "gateway/routes/openai_tools.h"
#include "gateway/routes/request_body.h"
#include "gateway/routes/response_format.h"
#include "gateway/routes/routes.h"
#include "gateway/routes/shown_format.h"

namespace understudy {
namespace {

namespace json = boost::json;

// Names that the template gets from the server.
constexpr std::string_view kReservedVariables[] = {"messages", "tools", "add_generation_prompt", "bos_token",
                                                   "eos_token"};

// Fields that may only say what happens anyway.
Status refuse_other_formats(FieldReader& fields) {
  const json::value* modalities = fields.find("modalities");
  if (modalities && *modalities != json::value(json::array{"text"})) {
    return Error{ErrorCode::unsupported, "'modalities' other than [\"text\"] is not supported yet",
                 "modalities", ""};
  }
  return fields.refuse(
      {"functions", "function_call", "audio", "reasoning_effort", "verbosity", "web_search_options"});
}

Result<json::object> read_template_variables(FieldReader& fields) {
  const json::value* value = fields.find("chat_template_kwargs");
  if (!value) return json::object();
  if (!value->is_object())
    return field_error("chat_template_kwargs", "'chat_template_kwargs' must be an object");
  for (std::string_view name : kReservedVariables) {
    if (value->get_object().contains(name)) {
      return field_error("chat_template_kwargs",
                         "'chat_template_kwargs' must not set '" + std::string(name) + "'");
    }
  }
  return value->get_object();
}

Result<TokenizedPrompt> render(const ServedModel& model, json::array messages, json::array tools,
                               json::object variables) {
  ASSIGN_OR_RETURN(ToolPrompt prepared, model.tool_calls->prepare(std::move(messages), std::move(tools)));
  ChatTemplateInput input;
  input.messages = std::move(prepared.messages);
  input.tools = std::move(prepared.tools);
  input.extra = std::move(variables);
  input.now = std::time(nullptr);
  if (auto bos = model.tokenizer->bos()) input.bos_token = model.tokenizer->bytes(*bos, true);
  if (auto eos = model.tokenizer->eos()) input.eos_token = model.tokenizer->bytes(*eos, true);
  auto text = model.chat_template->render(input);
  if (!text) {
    // The template's own complaints ("roles must alternate", …) are about the messages.
    return Error{ErrorCode::invalid_argument,
                 "The model's chat template refuses these messages: " + text.error().message(), "messages",
                 ""};
  }
  return TokenizedPrompt{model.tokenizer->encode(*text, true), ""};
}

Result<CompletionJob> read_job(const ServedModel& model, const HttpRequest& request) {
  ASSIGN_OR_RETURN(json::object body, read_body(request));
  FieldReader fields(body);
  RETURN_IF_ERROR(check_model(fields, model));
  ASSIGN_OR_RETURN(json::array messages, read_messages(fields.find("messages")));
  CompletionJob job;
  ASSIGN_OR_RETURN(job.params, read_shared_params(fields, model.tokenizer->size()));
  RETURN_IF_ERROR(read_chat_limits(fields, job.params));
  RETURN_IF_ERROR(refuse_other_formats(fields));
  ASSIGN_OR_RETURN(const std::string prediction, read_prediction(fields));
  job.prediction = model.tokenizer->encode(PromptText::data(prediction), false);
  ASSIGN_OR_RETURN(const ResponseFormat format, read_response_format(fields));
  ASSIGN_OR_RETURN(ToolRequest tools, read_tools(fields));
  ASSIGN_OR_RETURN(json::object variables, read_template_variables(fields));
  ASSIGN_OR_RETURN(const int64_t reasoning_budget,
                   fields.integer("reasoning_budget", -1, 0, std::numeric_limits<int32_t>::max()));
  RETURN_IF_ERROR(fields.finish());
  if (format.abstain) job.abstention = kAbstention;
  show_format(messages, format);
  json::array shown;
  if (tools.choice != ToolRequest::Choice::none) {
    job.tools = tools.names;
    shown = tools.tools;
  }
  ASSIGN_OR_RETURN(TokenizedPrompt prompt,
                   render(model, std::move(messages), std::move(shown), std::move(variables)));
  job.thoughts = thoughts_of(*model.tokenizer, prompt.ids);
  if (job.thoughts && reasoning_budget >= 0) job.thoughts->budget = static_cast<int>(reasoning_budget);
  ASSIGN_OR_RETURN(job.grammar, model.locks->lock(format, tools, job.thoughts));
  job.prompts.push_back(std::move(prompt));
  return job;
}

}  // namespace

void chat_completions(Service& service, std::shared_ptr<Exchange> exchange) {
  const ServedModel& model = service.generator()->model();
  auto job = read_job(model, exchange->request());
  if (!job) return exchange->respond(error_response(job.error()));
  auto answer = make_answer(AnswerKind::chat, model, *job, exchange);
  run_completion(*service.generator(), std::move(*job), exchange, std::move(answer));
}

}  // namespace understudy
