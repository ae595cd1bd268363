#include "flywheel/lora_specialist.h"

#include <cmath>

#include "engine/ask.h"
#include "flywheel/slot_text.h"
#include "flywheel/stopwatch.h"
#include "train/chat_row.h"

namespace understudy {

Status LoraSpecialist::check_domain(const std::string& text, SpecialistAnswer& answer) {
  answer.in_domain = parts_.embedder->reads(text);
  if (!answer.in_domain) return {};
  ASSIGN_OR_RETURN(const std::vector<float> embedding, parts_.embedder->embed({&text, 1}));
  answer.distance = parts_.gate->distance(embedding);
  answer.in_domain = parts_.gate->passes(*answer.distance);
  return {};
}

Status LoraSpecialist::choose(EngineRequest request, SpecialistAnswer& answer) {
  request.choices = parts_.choices;
  ASSIGN_OR_RETURN(const ChoiceAnswer found, ask_choice(*parts_.engine, std::move(request)));
  const KnownAnswer& chosen = parts_.answers[static_cast<size_t>(found.choice.index)];
  answer.value = chosen.value;
  answer.text = chosen.text;
  answer.confidence = found.choice.probability;
  answer.prompt_tokens = found.usage.prompt_tokens;
  answer.completion_tokens = found.usage.completion_tokens;
  return {};
}

Status LoraSpecialist::generate(EngineRequest request, SpecialistAnswer& answer) {
  request.sampling.temperature = 0;
  request.max_tokens = parts_.max_tokens;
  ASSIGN_OR_RETURN(const TextAnswer found, ask_text(*parts_.engine, std::move(request)));
  const KnownAnswer said =
      answer_of(parts_.contract.answer_kind, parts_.engine->model().tokenizer()->decode(found.tokens));
  answer.value = said.value;
  answer.text = said.text;
  answer.confidence = std::exp(found.logprob);
  // What was cut off is no answer, whatever it looks like.
  answer.well_formed = found.reason == FinishReason::stop;
  answer.prompt_tokens = found.usage.prompt_tokens;
  answer.completion_tokens = found.usage.completion_tokens;
  return {};
}

Result<SpecialistAnswer> LoraSpecialist::answer(std::span<const std::string_view> slots) {
  const Stopwatch watch;
  SpecialistAnswer answer;
  const std::string text = slot_text(parts_.contract.task.slots, slots);
  RETURN_IF_ERROR(check_domain(text, answer));
  if (answer.in_domain) {
    EngineRequest request;
    ASSIGN_OR_RETURN(request.prompt, chat_prompt(parts_.engine->model(), parts_.prompt.messages(text)));
    request.adapter = parts_.adapter;
    request.tenant = "specialist";
    RETURN_IF_ERROR(parts_.choices ? choose(std::move(request), answer)
                                   : generate(std::move(request), answer));
    answer.confidence = parts_.calibration(answer.confidence);
    answer.well_formed = answer.well_formed && keeps_form(parts_.contract, answer.value, answer.text);
  }
  answer.total_ms = watch.seconds() * 1e3;
  answer.cpu_seconds = watch.cpu_seconds();
  return answer;
}

}  // namespace understudy
