// POST /v1/embeddings
// Source: https://platform.openai.com/docs/api-reference/embeddings/create
#include <fmt/format.h>
#include <openssl/evp.h>

#include <bit>
#include <cmath>

#include "gateway/routes/openai_error.h"
#include "gateway/routes/openai_params.h"
#include "gateway/routes/request_body.h"
#include "gateway/routes/routes.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr size_t kMaxInputs = 2048;    // OpenAI's limit
constexpr size_t kMaxTokens = 300000;  // OpenAI's limit, all inputs of a request together

struct Job {
  std::vector<std::vector<TokenId>> texts;
  int64_t tokens = 0;
  int dimensions = 0;
  bool base64 = false;
};

Error bad_input(std::string what) { return field_error("input", std::move(what)); }

Result<std::vector<TokenId>> read_ids(const json::array& list) {
  std::vector<TokenId> ids;
  for (const json::value& id : list) {
    if (!id.is_int64() || id.get_int64() < 0 || id.get_int64() > INT32_MAX)
      return bad_input("'input' holds a token id that is no small whole number");
    ids.push_back(static_cast<TokenId>(id.get_int64()));
  }
  return ids;
}

// A string, token ids, or a list of either.
Result<std::vector<std::vector<TokenId>>> read_texts(const EmbeddingProvider& provider,
                                                     const json::value* value) {
  if (!value) return bad_input("'input' is missing");
  json::array single{*value};
  const bool is_list = value->is_array() && !value->get_array().empty() && !value->get_array()[0].is_number();
  const json::array& list = is_list ? value->get_array() : single;
  if (list.size() > kMaxInputs)
    return bad_input(fmt::format("'input' holds {} texts; the limit is {}", list.size(), kMaxInputs));
  std::vector<std::vector<TokenId>> texts;
  for (const json::value& entry : list) {
    if (entry.is_string()) {
      if (entry.get_string().empty()) return bad_input("'input' holds an empty string");
      texts.push_back(provider.encode(std::string(entry.get_string())));
    } else if (entry.is_array()) {
      ASSIGN_OR_RETURN(std::vector<TokenId> ids, read_ids(entry.get_array()));
      texts.push_back(std::move(ids));
    } else {
      return bad_input("'input' must be a string, a list of token ids, or a list of these");
    }
  }
  return texts;
}

Result<Job> read_job(const EmbeddingProvider& provider, const HttpRequest& request) {
  ASSIGN_OR_RETURN(json::object body, read_body(request));
  FieldReader fields(body);
  RETURN_IF_ERROR(check_model(fields, provider.model()));
  Job job;
  const int width = provider.model().width;
  ASSIGN_OR_RETURN(int64_t dimensions, fields.integer("dimensions", width, 1, width));
  job.dimensions = static_cast<int>(dimensions);
  ASSIGN_OR_RETURN(std::string format, fields.string("encoding_format", "float"));
  if (format != "float" && format != "base64")
    return field_error("encoding_format", "'encoding_format' must be 'float' or 'base64'");
  job.base64 = format == "base64";
  fields.ignore({"user"});
  const json::value* input = fields.find("input");
  RETURN_IF_ERROR(fields.finish());
  ASSIGN_OR_RETURN(job.texts, read_texts(provider, input));
  for (const auto& text : job.texts) job.tokens += static_cast<int64_t>(text.size());
  if (job.tokens > static_cast<int64_t>(kMaxTokens)) {
    return bad_input(
        fmt::format("'input' holds {} tokens; the limit of a request is {}", job.tokens, kMaxTokens));
  }
  return job;
}

// The first `dimensions` values, of length 1 again: what models trained for shorter vectors (Matryoshka) ask
// for.
std::vector<float> shortened(const float* vector, int width, int dimensions) {
  std::vector<float> kept(vector, vector + dimensions);
  if (dimensions == width) return kept;
  double squares = 0;
  for (float value : kept) squares += static_cast<double>(value) * value;
  const double inverse = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (float& value : kept) value = static_cast<float>(value * inverse);
  return kept;
}

json::value encoded(const std::vector<float>& vector, bool base64) {
  if (!base64) return json::array(vector.begin(), vector.end());
  static_assert(std::endian::native == std::endian::little, "OpenAI's base64 holds little-endian floats");
  const size_t bytes = vector.size() * sizeof(float);
  std::string text((bytes + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a zero
  text.resize(static_cast<size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                                  reinterpret_cast<const unsigned char*>(vector.data()),
                                                  static_cast<int>(bytes))));
  return json::string(text);
}

json::object answer(const ServedEmbedder& model, const Job& job, const std::vector<float>& vectors) {
  json::array data;
  for (size_t i = 0; i < job.texts.size(); i++) {
    const auto vector =
        shortened(&vectors[i * static_cast<size_t>(model.width)], model.width, job.dimensions);
    data.push_back(
        json::object{{"object", "embedding"}, {"index", i}, {"embedding", encoded(vector, job.base64)}});
  }
  return {{"object", "list"},
          {"data", std::move(data)},
          {"model", model.name},
          {"usage", json::object{{"prompt_tokens", job.tokens}, {"total_tokens", job.tokens}}}};
}

}  // namespace

void embeddings(Service& service, std::shared_ptr<Exchange> exchange) {
  EmbeddingProvider& provider = *service.embedder();
  auto read = read_job(provider, exchange->request());
  if (!read) return exchange->respond(error_response(read.error()));
  auto job = std::make_shared<const Job>(std::move(*read));
  auto cancelled = std::make_shared<std::atomic<bool>>(false);
  exchange->on_disconnect([cancelled] { *cancelled = true; });
  provider.embed(job->texts, cancelled,
                 [&provider, job, cancelled, exchange](Result<std::vector<float>> vectors) {
                   if (*cancelled) return;
                   if (!vectors) return exchange->respond(error_response(vectors.error()));
                   exchange->note_usage({.prompt_tokens = static_cast<int>(job->tokens)});
                   exchange->respond(json_response(answer(provider.model(), *job, *vectors)));
                 });
}

}  // namespace understudy
