#include "flywheel/remembered_embeddings.h"

#include <fmt/format.h>

#include <cstring>

#include "base/sha256.h"
#include "flywheel/durable_file.h"

namespace understudy {
namespace {

constexpr size_t kHashDigits = 64;

// A line, then records of a hash and `width` little-endian f32, then the SHA-256 of all before it.
std::string first_line(const TextEmbedder& embedder) {
  return fmt::format("understudy embeddings 1, {} of {}\n", embedder.digest(), embedder.width());
}

}  // namespace

RememberingEmbedder::RememberingEmbedder(TextEmbedder& embedder, std::string path)
    : embedder_(embedder), path_(std::move(path)) {
  read();
}

void RememberingEmbedder::read() {
  const auto bytes = read_file(path_);
  const std::string line = first_line(embedder_);
  const size_t vector_bytes = width() * sizeof(float), record_bytes = kHashDigits + vector_bytes;
  if (!bytes.ok() || !bytes->starts_with(line) || bytes->size() < line.size() + kHashDigits) return;
  const std::string_view content = std::string_view(*bytes).substr(0, bytes->size() - kHashDigits);
  if (sha256_hex(content) != bytes->substr(content.size())) return;
  for (size_t at = line.size(); at + record_bytes <= content.size(); at += record_bytes) {
    std::vector<float>& vector = known_[std::string(content.substr(at, kHashDigits))].vector;
    vector.resize(width());
    std::memcpy(vector.data(), content.data() + at + kHashDigits, vector_bytes);
  }
}

Status RememberingEmbedder::embed_new(std::span<const std::string> texts, std::span<const std::string> keys) {
  std::vector<std::string> new_texts, new_keys;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (known_.contains(keys[i])) continue;
    new_texts.push_back(texts[i]);
    new_keys.push_back(keys[i]);
  }
  if (new_texts.empty()) return {};
  ASSIGN_OR_RETURN(const std::vector<float> vectors, embedder_.embed(new_texts));
  for (size_t i = 0; i < new_keys.size(); ++i) {
    const auto begin = vectors.begin() + static_cast<ptrdiff_t>(i * width());
    known_[new_keys[i]].vector.assign(begin, begin + static_cast<ptrdiff_t>(width()));
  }
  return {};
}

Result<std::vector<float>> RememberingEmbedder::embed(std::span<const std::string> texts) {
  std::vector<std::string> keys;
  for (const std::string& text : texts) keys.push_back(sha256_hex(text));
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(embed_new(texts, keys));
  std::vector<float> vectors;
  for (const std::string& key : keys) {
    Known& known = known_.at(key);
    known.asked = true;
    vectors.insert(vectors.end(), known.vector.begin(), known.vector.end());
  }
  return vectors;
}

void RememberingEmbedder::forget_others() {
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [](const auto& entry) { return !entry.second.asked; });
}

Status RememberingEmbedder::save() const {
  const std::lock_guard lock(mutex_);
  std::string bytes = first_line(embedder_);
  for (const auto& [key, known] : known_) {
    bytes += key;
    bytes.append(reinterpret_cast<const char*>(known.vector.data()), known.vector.size() * sizeof(float));
  }
  bytes += sha256_hex(bytes);
  return replace_file(path_, bytes);
}

}  // namespace understudy
