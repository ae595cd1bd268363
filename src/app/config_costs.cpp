#include "app/config_costs.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/json.h"

namespace understudy {
namespace {

namespace json = boost::json;

// Limits of a size, so that no sum of products overflows.
constexpr int64_t kMaxSize = int64_t{1} << 20, kMaxHeads = 4096, kMaxHeadWidth = 4096, kMaxLayers = 1024;
constexpr int64_t kKeyBytes = 2, kStateBytes = 4;  // f16 keys and values, f32 recurrent state

// Reads keys and keeps the first problem.
class Config {
 public:
  Config(const json::object& object, std::string where) : object_(object), where_(std::move(where)) {}

  const json::value* find(const char* key) const {
    const json::value* value = object_.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  int64_t integer_or(const char* key, int64_t fallback, int64_t largest = kMaxSize) {
    const json::value* value = find(key);
    if (value == nullptr) return fallback;
    json::error_code code;
    const auto number = value->is_number() ? value->to_number<int64_t>(code) : 0;
    if (!code && number >= 1 && number <= largest) return number;
    fail(ErrorCode::corrupt,
         fmt::format("'{}' is not from 1 to {}: {}", key, largest, json::serialize(*value).substr(0, 40)));
    return fallback;
  }
  int64_t integer(const char* key, int64_t largest = kMaxSize) {
    if (find(key) == nullptr) fail(ErrorCode::corrupt, fmt::format("'{}' is missing", key));
    return integer_or(key, 1, largest);
  }
  bool flag_or(const char* key, bool fallback) const {
    const json::value* value = find(key);
    return value != nullptr && value->is_bool() ? value->as_bool() : fallback;
  }
  double real_or(const char* key, double fallback) const {
    const json::value* value = find(key);
    json::error_code code;
    const double number = value != nullptr && value->is_number() ? value->to_number<double>(code) : fallback;
    return number > 0 && number < 64 ? number : fallback;
  }
  std::string text_or(const char* key, const char* fallback) const {
    const json::value* value = find(key);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : fallback;
  }
  void fail(ErrorCode code, std::string what) {
    if (status_.ok()) status_ = Error{code, std::move(what), where_, ""};
  }
  Status status() const { return status_; }

 private:
  const json::object& object_;
  std::string where_;
  Status status_;
};

struct Shape {
  std::string family;
  int64_t layers, width, heads, kv_heads, head_width, ff_width, vocabulary;  // L, C, H, G, D, F, V
  double bits;
};

void add_matrix(Cost& cost, const Shape& shape, int64_t n, int64_t k) {
  cost.parameters += n * k;
  cost.multiply_adds += n * k;
  cost.weight_bytes += std::llround(static_cast<double>(n * k) * shape.bits / 8);
}

void add_vector(Cost& cost, int64_t size) {
  cost.parameters += size;
  cost.weight_bytes += size * static_cast<int64_t>(sizeof(float));
}

Cost attention(Config& config, const Shape& shape, int64_t window) {
  const bool is_gated = shape.family == "qwen3_5";  // q_proj also gives a gate for each head
  const bool has_head_norms = shape.family != "llama" && shape.family != "qwen2";
  const int64_t q = shape.heads * shape.head_width, kv = shape.kv_heads * shape.head_width;
  Cost cost{.kind = "attention"};
  add_matrix(cost, shape, is_gated ? 2 * q : q, shape.width);
  add_matrix(cost, shape, 2 * kv, shape.width);
  add_matrix(cost, shape, shape.width, q);
  if (shape.family == "qwen2" || config.flag_or("attention_bias", false)) add_vector(cost, q + 2 * kv);
  if (has_head_norms) add_vector(cost, 2 * shape.head_width);
  add_vector(cost, shape.family == "gemma3" ? 2 * shape.width : shape.width);
  cost.key_multiply_adds = 2 * q;
  cost.window = static_cast<int>(window);
  cost.paged_bytes_a_token = 2 * kv * kKeyBytes;
  return cost;
}

Cost short_convolution(Config& config, const Shape& shape) {
  const int64_t taps = config.integer("conv_L_cache", 64);
  Cost cost{.kind = "short_conv"};
  add_matrix(cost, shape, 3 * shape.width, shape.width);
  add_matrix(cost, shape, shape.width, shape.width);
  add_vector(cost, taps * shape.width);
  add_vector(cost, shape.width);
  cost.multiply_adds += taps * shape.width;
  cost.snapshot_bytes = (taps - 1) * shape.width * kStateBytes;
  return cost;
}

// Gated DeltaNet: a matrix of state for each value head.
Cost gated_delta(Config& config, const Shape& shape) {
  const int64_t key_heads = config.integer("linear_num_key_heads", kMaxHeads);
  const int64_t value_heads = config.integer("linear_num_value_heads", kMaxHeads);
  const int64_t key_width = config.integer("linear_key_head_dim", kMaxHeadWidth);
  const int64_t value_width = config.integer("linear_value_head_dim", kMaxHeadWidth);
  const int64_t taps = config.integer_or("linear_conv_kernel_dim", 4, 64);
  const int64_t values = value_heads * value_width, mixed = 2 * key_heads * key_width + values;
  const int64_t state = value_heads * key_width * value_width;
  Cost cost{.kind = "gated_delta"};
  add_matrix(cost, shape, mixed, shape.width);            // q, k, v
  add_matrix(cost, shape, values, shape.width);           // z
  add_matrix(cost, shape, 2 * value_heads, shape.width);  // beta, decay
  add_matrix(cost, shape, shape.width, values);
  add_vector(cost, taps * mixed + 2 * value_heads + value_width + shape.width);
  cost.multiply_adds += taps * mixed + 3 * state;  // S^T k, S + k delta^T, S^T q
  cost.snapshot_bytes = (state + (taps - 1) * mixed) * kStateBytes;
  return cost;
}

Cost mlp(const Shape& shape) {
  Cost cost{.kind = "mlp"};
  add_matrix(cost, shape, 3 * shape.ff_width, shape.width);
  add_vector(cost, shape.family == "gemma3" ? 2 * shape.width : shape.width);
  return cost;
}

// LFM2 gives the width of a plain MLP, from which that of the gated one of as many weights follows.
int64_t lfm2_ff_width(Config& config) {
  const int64_t width =
      config.integer(config.find("block_ff_dim") != nullptr ? "block_ff_dim" : "intermediate_size");
  if (!config.flag_or("block_auto_adjust_ff_dim", true)) return width;
  const int64_t multiple = config.integer_or("block_multiple_of", 256);
  const double scaled = config.real_or("block_ffn_dim_multiplier", 1.0) * static_cast<double>(2 * width / 3);
  return (static_cast<int64_t>(scaled) + multiple - 1) / multiple * multiple;
}

// "full_attention", "sliding_attention", "linear_attention" or "conv" of each layer.
std::vector<std::string> layer_types(Config& config, const Shape& shape) {
  std::vector<std::string> types(static_cast<size_t>(shape.layers), "full_attention");
  if (const json::value* list = config.find("layer_types"); list != nullptr && list->is_array()) {
    if (list->as_array().size() != types.size()) {
      config.fail(ErrorCode::corrupt, fmt::format("'layer_types' has {} layers, 'num_hidden_layers' says {}",
                                                  list->as_array().size(), shape.layers));
      return types;
    }
    for (size_t i = 0; i < types.size(); ++i) {
      const json::value& type = list->as_array()[i];
      types[i] = type.is_string() ? std::string(type.as_string()) : json::serialize(type).substr(0, 40);
    }
    return types;
  }
  const auto all_but_every = [&](int64_t every, const char* other) {
    for (size_t i = 0; i < types.size(); ++i) {
      if (static_cast<int64_t>(i + 1) % every != 0) types[i] = other;
    }
  };
  if (shape.family == "gemma3")
    all_but_every(config.integer_or("sliding_window_pattern", 6), "sliding_attention");
  if (shape.family == "qwen3_5")
    all_but_every(config.integer_or("full_attention_interval", 4), "linear_attention");
  if (shape.family == "lfm2") {
    const json::value* full = config.find("full_attn_idxs");
    if (full == nullptr || !full->is_array()) {
      config.fail(ErrorCode::corrupt, "neither 'layer_types' nor 'full_attn_idxs' is there");
      return types;
    }
    const json::array& indices = full->as_array();
    for (size_t i = 0; i < types.size(); ++i) {
      if (std::find(indices.begin(), indices.end(), json::value(static_cast<int64_t>(i))) == indices.end())
        types[i] = "conv";
    }
  }
  return types;
}

// The family of a model_type: "gemma3_text" is "gemma3".
std::string family_of(std::string model_type) {
  if (model_type.ends_with("_text")) model_type.resize(model_type.size() - 5);
  for (const char* family : {"llama", "qwen2", "qwen3", "qwen3_5", "gemma3", "lfm2"}) {
    if (model_type == family) return model_type;
  }
  return "";
}

Shape read_shape(Config& config, std::string family, double bits) {
  Shape shape{};
  shape.family = std::move(family);
  shape.layers = config.integer("num_hidden_layers", kMaxLayers);
  shape.width = config.integer("hidden_size");
  shape.heads = config.integer("num_attention_heads", kMaxHeads);
  shape.kv_heads = config.integer_or("num_key_value_heads", shape.heads, kMaxHeads);
  shape.head_width =
      config.integer_or("head_dim", std::max<int64_t>(1, shape.width / shape.heads), kMaxHeadWidth);
  shape.ff_width = shape.family == "lfm2" ? lfm2_ff_width(config) : config.integer("intermediate_size");
  shape.vocabulary = config.integer("vocab_size");
  shape.bits = bits;
  for (const char* key : {"num_experts", "num_local_experts", "n_routed_experts"}) {
    if (config.find(key) != nullptr && config.integer_or(key, 1) > 1) {
      config.fail(ErrorCode::unsupported, fmt::format("mixtures of experts are not profiled ('{}')", key));
    }
  }
  return shape;
}

Cost layer_mixer(Config& config, const Shape& shape, const std::string& type) {
  if (type == "conv" && shape.family == "lfm2") return short_convolution(config, shape);
  if (type == "linear_attention" && shape.family == "qwen3_5") return gated_delta(config, shape);
  if (type == "sliding_attention") return attention(config, shape, config.integer("sliding_window"));
  if (type != "full_attention") {
    config.fail(ErrorCode::unsupported, fmt::format("a layer of type {:?} in a model of type '{}'",
                                                    type.substr(0, 40), shape.family));
  }
  return attention(config, shape, 0);
}

// The tables' parameters count where they are: with the embedding, and with the head only if it has its own.
void add_tables(std::vector<Cost>& costs, const Shape& shape, bool is_tied) {
  Cost head{.kind = "head"};
  add_matrix(head, shape, shape.vocabulary, shape.width);
  Cost embedding{
      .kind = "embedding", .parameters = head.parameters, .weight_bytes = is_tied ? 0 : head.weight_bytes};
  if (is_tied) head.parameters = 0;
  costs.insert(costs.begin(), embedding);
  costs.push_back(head);
}

}  // namespace

Result<ConfigCosts> config_costs(std::string_view config_json, const std::string& where, double bits) {
  const auto value = parse_json(config_json);
  if (!value.ok() || !value->is_object()) {
    return Error{ErrorCode::corrupt, "not a JSON object", where, "Give a model's config.json"};
  }
  const json::object& whole = value->as_object();
  const json::value* text = whole.if_contains("text_config");  // of a model that also sees images
  const bool is_nested = text != nullptr && text->is_object();
  Config outer(whole, where), config(is_nested ? text->as_object() : whole, where);
  const std::string model_type = outer.text_or("model_type", "");
  const std::string family = family_of(model_type);
  if (family.empty()) {
    return Error{ErrorCode::unsupported,
                 fmt::format("models of type {:?} are not profiled", model_type.substr(0, 40)), where,
                 "Families: llama, qwen2, qwen3, qwen3_5, gemma3 and lfm2"};
  }
  const Shape shape = read_shape(config, family, bits);
  const bool ties_by_default = family == "gemma3" || family == "lfm2";
  const bool is_tied =
      config.flag_or("tie_word_embeddings",
                     config.flag_or("tie_embedding", outer.flag_or("tie_word_embeddings", ties_by_default)));
  ConfigCosts result{model_type, {}};
  for (const std::string& type : layer_types(config, shape)) {
    result.costs.push_back(layer_mixer(config, shape, type));
    result.costs.push_back(mlp(shape));
  }
  add_tables(result.costs, shape, is_tied);
  RETURN_IF_ERROR(config.status());
  return result;
}

}  // namespace understudy
