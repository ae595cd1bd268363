// For tests only: writes safetensors files, right and wrong ones, and Hugging Face folders. Nothing is
// checked; shapes, offsets and the header's size can be lies.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace understudy {

class SafetensorsBuilder {
 public:
  std::optional<uint64_t> header_bytes;  // instead of the true number

  // A tensor with its data behind the others. `shape` as transformers writes it: contiguous axis last.
  SafetensorsBuilder& tensor(const std::string& name, const std::string& type, const std::string& shape,
                             const std::string& data) {
    raw_tensor(name, type, shape, data_.size(), data_.size() + data.size());
    data_ += data;
    return *this;
  }
  SafetensorsBuilder& tensor(const std::string& name, const std::string& shape,
                             std::span<const float> values) {
    std::string data(values.size_bytes(), '\0');
    std::memcpy(data.data(), values.data(), data.size());
    return tensor(name, "F32", shape, data);
  }
  // The description alone.
  SafetensorsBuilder& raw_tensor(const std::string& name, const std::string& type, const std::string& shape,
                                 uint64_t begin, uint64_t end) {
    return raw("\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":[" +
               std::to_string(begin) + "," + std::to_string(end) + "]}");
  }
  SafetensorsBuilder& raw(const std::string& member) {
    header_ += (header_.empty() ? "" : ",") + member;
    return *this;
  }
  SafetensorsBuilder& data(size_t bytes) {
    data_ += std::string(bytes, '\1');
    return *this;
  }

  std::string build() const {
    std::string header = "{" + header_ + "}";
    header.resize((header.size() + 7) / 8 * 8, ' ');
    const uint64_t size = header_bytes.value_or(header.size());
    std::string file(sizeof(size), '\0');
    std::memcpy(file.data(), &size, sizeof(size));
    return file + header + data_;
  }

 private:
  std::string header_, data_;
};

// A folder that lives as long as the object.
class TestFolder {
 public:
  TestFolder() : path_(std::filesystem::temp_directory_path() / name()) {
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string path() const { return path_.string(); }
  std::string path(const std::string& file) const { return (path_ / file).string(); }
  void write(const std::string& file, const std::string& bytes) const {
    std::ofstream(path_ / file, std::ios::binary) << bytes;
  }

 private:
  static std::string name() { return "understudy-test-" + std::to_string(std::random_device()()); }
  std::filesystem::path path_;
};

}  // namespace understudy
