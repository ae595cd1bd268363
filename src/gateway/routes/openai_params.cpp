#include "gateway/routes/openai_params.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "gateway/random_id.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr int64_t kMaxInt = std::numeric_limits<int32_t>::max();

struct SamplingField {
  std::string_view name;
  float SamplingParams::* member;
  FieldReader::Range range;
};

const SamplingField kSamplingFields[] = {
    {"temperature", &SamplingParams::temperature, {0, 2}},
    {"top_p", &SamplingParams::top_p, {0, 1, true}},
    {"min_p", &SamplingParams::min_p, {0, 1}},
    {"repetition_penalty", &SamplingParams::repetition_penalty, {0, 10, true}},
    {"frequency_penalty", &SamplingParams::frequency_penalty, {-2, 2}},
    {"presence_penalty", &SamplingParams::presence_penalty, {-2, 2}},
    {"dry_multiplier", &SamplingParams::dry_multiplier, {0, 100}},
    {"dry_base", &SamplingParams::dry_base, {1, 100}},
};

Status read_stop(FieldReader& fields, std::vector<std::string>& stop) {
  const json::value* value = fields.find("stop");
  if (!value) return {};
  json::array single{*value};
  const json::array& list = value->is_array() ? value->get_array() : single;
  if (list.size() > kMaxStops) {
    return field_error("stop",
                       fmt::format("'stop' takes at most {} strings, not {}", kMaxStops, list.size()));
  }
  for (const json::value& entry : list) {
    if (!entry.is_string() || entry.get_string().empty() || entry.get_string().size() > kMaxStopBytes) {
      return field_error("stop", fmt::format("'stop' must be a string or a list of strings of 1 to {} bytes",
                                             kMaxStopBytes));
    }
    stop.emplace_back(entry.get_string());
  }
  return {};
}

Status read_logit_bias(FieldReader& fields, int vocabulary, SamplingParams& sampling) {
  const json::value* value = fields.find("logit_bias");
  if (!value) return {};
  if (!value->is_object() || value->get_object().size() > kMaxLogitBias) {
    return field_error("logit_bias",
                       fmt::format("'logit_bias' must be an object of at most {} entries", kMaxLogitBias));
  }
  for (const auto& entry : value->get_object()) {
    std::string_view key(entry.key());
    TokenId id = -1;
    auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0 || id >= vocabulary) {
      return field_error("logit_bias",
                         fmt::format("'logit_bias' keys must be token ids from 0 to {}", vocabulary - 1));
    }
    double bias = entry.value().is_number() ? entry.value().to_number<double>() : 1e9;
    if (!(bias >= -100 && bias <= 100)) {
      return field_error("logit_bias", "'logit_bias' values must be numbers from -100 to 100");
    }
    sampling.logit_bias[id] = static_cast<float>(bias);
  }
  return {};
}

Status read_seed(FieldReader& fields, SamplingParams& sampling) {
  const json::value* value = fields.find("seed");
  if (!value) {
    sampling.seed = random_u64();
  } else if (value->is_int64()) {
    sampling.seed = static_cast<uint64_t>(value->get_int64());
  } else if (value->is_uint64()) {
    sampling.seed = value->get_uint64();
  } else {
    return field_error("seed", "'seed' must be a whole number of at most 64 bits");
  }
  return {};
}

Status read_streaming(FieldReader& fields, GenerationParams& params) {
  ASSIGN_OR_RETURN(params.stream, fields.boolean("stream", false));
  const json::value* value = fields.find("stream_options");
  if (!value) return {};
  if (!value->is_object()) return field_error("stream_options", "'stream_options' must be an object");
  if (!params.stream) return field_error("stream_options", "'stream_options' is only allowed with 'stream'");
  FieldReader options(value->get_object(), "stream_options.");
  ASSIGN_OR_RETURN(params.include_usage, options.boolean("include_usage", false));
  options.ignore({"include_obfuscation"});
  return options.finish();
}

}  // namespace

Status check_model(FieldReader& fields, const ModelName& served) {
  ASSIGN_OR_RETURN(std::string model, fields.string("model", ""));
  if (model.empty()) return field_error("model", "'model' is missing. This server has '" + served.name + "'");
  if (served.answers_to(model)) return {};
  return Error{ErrorCode::not_found, "The model '" + model.substr(0, 128) + "' does not exist", "model",
               "This server has '" + served.name + "'"};
}

Result<GenerationParams> read_shared_params(FieldReader& fields, int vocabulary) {
  GenerationParams params;
  for (const SamplingField& field : kSamplingFields) {
    float& member = params.sampling.*field.member;
    ASSIGN_OR_RETURN(double value, fields.number(field.name, member, field.range));
    member = static_cast<float>(value);
  }
  ASSIGN_OR_RETURN(params.sampling.top_k, fields.integer("top_k", 0, 0, kMaxInt));
  ASSIGN_OR_RETURN(params.choices, fields.integer("n", 1, 1, kMaxChoices));
  ASSIGN_OR_RETURN(params.ignore_end, fields.boolean("ignore_eos", false));
  ASSIGN_OR_RETURN(params.drafts, fields.boolean("drafts", true));
  ASSIGN_OR_RETURN(params.loop_guard, fields.boolean("loop_guard", true));
  ASSIGN_OR_RETURN(params.sampling.dry_allowed_length, fields.integer("dry_allowed_length", 2, 1, kMaxInt));
  ASSIGN_OR_RETURN(params.sampling.dry_penalty_last_n, fields.integer("dry_penalty_last_n", -1, -1, kMaxInt));
  ASSIGN_OR_RETURN(params.sampling.no_repeat_ngram, fields.integer("no_repeat_ngram_size", 0, 0, kMaxInt));
  RETURN_IF_ERROR(read_seed(fields, params.sampling));
  RETURN_IF_ERROR(read_logit_bias(fields, vocabulary, params.sampling));
  RETURN_IF_ERROR(read_stop(fields, params.stop));
  RETURN_IF_ERROR(read_streaming(fields, params));
  fields.ignore({"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key",
                 "prompt_cache_retention"});
  return params;
}

Status read_chat_limits(FieldReader& fields, GenerationParams& params) {
  ASSIGN_OR_RETURN(int64_t old_name, fields.integer("max_tokens", -1, 1, kMaxInt));
  ASSIGN_OR_RETURN(int64_t new_name, fields.integer("max_completion_tokens", -1, 1, kMaxInt));
  if (old_name >= 0 && new_name >= 0 && old_name != new_name) {
    return field_error("max_tokens", "'max_tokens' and 'max_completion_tokens' differ; send one of them");
  }
  params.max_tokens = static_cast<int>(std::max(old_name, new_name));
  ASSIGN_OR_RETURN(bool logprobs, fields.boolean("logprobs", false));
  bool has_top = fields.find("top_logprobs") != nullptr;
  ASSIGN_OR_RETURN(int64_t top, fields.integer("top_logprobs", 0, 0, kMaxTopLogprobs));
  if (has_top && !logprobs) return field_error("top_logprobs", "'top_logprobs' needs 'logprobs': true");
  if (logprobs) params.logprobs = static_cast<int>(top);
  return {};
}

Status read_text_limits(FieldReader& fields, bool echo, GenerationParams& params) {
  ASSIGN_OR_RETURN(params.max_tokens,
                   fields.integer("max_tokens", kDefaultCompletionTokens, echo ? 0 : 1, kMaxInt));
  ASSIGN_OR_RETURN(params.logprobs, fields.integer("logprobs", -1, 0, kMaxTopLogprobs));
  return {};
}

}  // namespace understudy
