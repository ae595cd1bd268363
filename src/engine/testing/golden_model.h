// Golden models (tests/golden/README.md): a small random model of one family, built from its JSON file, with
// the logits that transformers computes for it.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "formats/model_file.h"
#include "kernels/dispatch.h"

namespace understudy {

// Value i: offset + scale * u, u from the i-th output of splitmix64 seeded with FNV-1a of the name, in f32.
// The same lines in Python: tests/golden/weights.py.
inline std::vector<float> generate(const std::string& name, int64_t count, float scale, float offset) {
  uint64_t state = 0xCBF29CE484222325;
  for (unsigned char byte : name) state = (state ^ byte) * 0x100000001B3;
  std::vector<float> values(count);
  for (float& value : values) {
    state += 0x9E3779B97F4A7C15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    const float u = static_cast<float>(z >> 40) / (1 << 23) - 1.0f;
    value = offset + scale * u;
  }
  return values;
}

inline MetaValue meta_value(const boost::json::value& value) {
  if (value.is_int64()) return value.as_int64();
  if (value.is_double()) return value.as_double();
  if (value.is_string()) return std::string(value.as_string());
  return boost::json::value_to<std::vector<int64_t>>(value);
}

struct Golden {
  ModelFile file;
  std::vector<int32_t> tokens;
  std::vector<int> columns;                       // ids whose logits are given for every row
  std::vector<std::vector<float>> column_logits;  // (tokens, columns)
  std::vector<float> last_logits;                 // (V) of the last row
};

inline boost::json::value read_json(const std::string& path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  return boost::json::parse(text.str());
}

// Metadata and generated tensors.
inline ModelFile golden_file(const boost::json::value& root, const std::string& path) {
  ModelFile file;
  file.path = path;
  for (const auto& [key, value] : root.at("metadata").as_object()) file.metadata.set(key, meta_value(value));
  file.architecture = root.at("metadata").at("general.architecture").as_string();

  auto storage = std::make_shared<std::vector<std::vector<float>>>();
  for (const boost::json::value& entry : root.at("tensors").as_array()) {
    TensorView tensor;
    tensor.name = entry.at("name").as_string();
    tensor.shape = boost::json::value_to<std::vector<int64_t>>(entry.at("shape"));
    if (const boost::json::value* values = entry.as_object().if_contains("values")) {
      storage->push_back(boost::json::value_to<std::vector<float>>(*values));
    } else {
      storage->push_back(generate(tensor.name, tensor.elements(), entry.at("scale").to_number<float>(),
                                  entry.at("offset").to_number<float>()));
    }
    tensor.bytes = std::as_bytes(std::span(storage->back()));
    file.tensors.push_back(tensor);
  }
  file.storage = storage;
  file.index();
  return file;
}

inline Golden read_golden(const std::string& path) {
  const boost::json::value root = read_json(path);
  Golden golden;
  golden.file = golden_file(root, path);
  golden.tokens = boost::json::value_to<std::vector<int32_t>>(root.at("tokens"));
  golden.columns = boost::json::value_to<std::vector<int>>(root.at("columns"));
  golden.column_logits = boost::json::value_to<std::vector<std::vector<float>>>(root.at("column_logits"));
  golden.last_logits = boost::json::value_to<std::vector<float>>(root.at("last_logits"));
  return golden;
}

inline std::string golden_path(const std::string& name) {
  return UNDERSTUDY_SOURCE_DIR "/tests/golden/" + name + ".json";
}

inline std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(UNDERSTUDY_SOURCE_DIR "/tests/golden"))
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem());
  return names;
}

inline std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const KernelTable* table : testable_kernels()) names.emplace_back(table->name);
  return names;
}

}  // namespace understudy
