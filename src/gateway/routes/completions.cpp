// POST /v1/completions
// Source: https://platform.openai.com/docs/api-reference/completions/create
#include <fmt/format.h>

#include "gateway/routes/openai_answer.h"
#include "gateway/routes/openai_error.h"
#include "gateway/routes/openai_params.h"
#include "gateway/routes/request_body.h"
#include "gateway/routes/routes.h"
#include "text/utf8.h"

namespace understudy {
namespace {

namespace json = boost::json;

Error bad_prompt(std::string what) { return field_error("prompt", std::move(what)); }

// The prompt is what a developer wrote, not what a user typed: "<|im_end|>" in it is the control token.
Result<TokenizedPrompt> from_text(const ServedModel& model, const json::string& text) {
  TokenizedPrompt prompt{model.tokenizer->encode(PromptText::trusted(std::string(text)), true),
                         std::string(text)};
  if (prompt.ids.empty() && model.tokenizer->bos()) prompt.ids.push_back(*model.tokenizer->bos());
  if (prompt.ids.empty()) return bad_prompt("'prompt' is empty, and this model has no token to begin with");
  return prompt;
}

Result<TokenizedPrompt> from_ids(const ServedModel& model, const json::array& ids) {
  TokenizedPrompt prompt;
  for (const json::value& id : ids) {
    if (!id.is_int64() || id.get_int64() < 0 || id.get_int64() >= model.tokenizer->size()) {
      return bad_prompt(fmt::format("'prompt' token ids must be from 0 to {}", model.tokenizer->size() - 1));
    }
    prompt.ids.push_back(static_cast<TokenId>(id.get_int64()));
  }
  if (prompt.ids.empty()) return bad_prompt("'prompt' holds an empty list of token ids");
  prompt.text = to_valid_utf8(model.tokenizer->decode(prompt.ids));
  return prompt;
}

// A string, token ids, or a list of either.
Result<std::vector<TokenizedPrompt>> read_prompts(const ServedModel& model, const json::value* value) {
  if (!value) return bad_prompt("'prompt' is missing");
  json::array single{*value};
  bool is_list = value->is_array() && !value->get_array().empty() && !value->get_array()[0].is_number();
  const json::array& list = is_list ? value->get_array() : single;
  if (list.size() > kMaxChoices) {
    return bad_prompt(fmt::format("'prompt' holds {} prompts; the limit is {}", list.size(), kMaxChoices));
  }
  std::vector<TokenizedPrompt> prompts;
  for (const json::value& entry : list) {
    if (!entry.is_string() && !entry.is_array()) {
      return bad_prompt("'prompt' must be a string, a list of token ids, or a list of these");
    }
    ASSIGN_OR_RETURN(TokenizedPrompt prompt, entry.is_string() ? from_text(model, entry.get_string())
                                                               : from_ids(model, entry.get_array()));
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

Result<CompletionJob> read_job(const ServedModel& model, const HttpRequest& request) {
  ASSIGN_OR_RETURN(json::object body, read_body(request));
  FieldReader fields(body);
  RETURN_IF_ERROR(check_model(fields, model));
  CompletionJob job;
  ASSIGN_OR_RETURN(job.params, read_shared_params(fields, model.tokenizer->size()));
  ASSIGN_OR_RETURN(job.echo, fields.boolean("echo", false));
  RETURN_IF_ERROR(read_text_limits(fields, job.echo, job.params));
  ASSIGN_OR_RETURN(int64_t best_of, fields.integer("best_of", job.params.choices, 1, kMaxChoices));
  if (best_of != job.params.choices) {
    return Error{ErrorCode::unsupported, "'best_of' other than 'n' is not supported yet", "best_of", ""};
  }
  RETURN_IF_ERROR(fields.refuse({"suffix"}));
  const json::value* prompt = fields.find("prompt");
  RETURN_IF_ERROR(fields.finish());
  ASSIGN_OR_RETURN(job.prompts, read_prompts(model, prompt));
  if (job.prompts.size() * job.params.choices > kMaxChoices) {
    return field_error("n", fmt::format("{} prompts times 'n' = {} exceed the limit of {} choices",
                                        job.prompts.size(), job.params.choices, kMaxChoices));
  }
  return job;
}

}  // namespace

void completions(Service& service, std::shared_ptr<Exchange> exchange) {
  const ServedModel& model = service.generator()->model();
  auto job = read_job(model, exchange->request());
  if (!job) return exchange->respond(error_response(job.error()));
  auto answer = make_answer(AnswerKind::text, model, *job, exchange);
  run_completion(*service.generator(), std::move(*job), exchange, std::move(answer));
}

}  // namespace understudy
