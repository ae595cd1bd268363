#include "train/heads/linear_head_file.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>

#include "base/checked.h"
#include "base/json.h"
#include "train/heads/limits.h"
#include "train/heads/temperature.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr std::string_view kFormat = "understudy linear head 1";
constexpr size_t kLengthBytes = 8, kAlignment = 8;

// Shortest text that reads back as the same double.
std::string number_text(double value) { return fmt::format("{}", value); }

json::object tensor_object(std::initializer_list<uint64_t> shape, uint64_t& offset) {
  uint64_t bytes = sizeof(float);
  json::array axes;
  for (const uint64_t axis : shape) {
    bytes *= axis;
    axes.push_back(axis);
  }
  json::object tensor{
      {"dtype", "F32"}, {"shape", std::move(axes)}, {"data_offsets", json::array{offset, offset + bytes}}};
  offset += bytes;
  return tensor;
}

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

// A file while it is being read: the first problem ends it.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  Result<LinearHead> read() {
    RETURN_IF_ERROR(read_header());
    RETURN_IF_ERROR(read_metadata());
    const size_t classes = labels_.size();
    ASSIGN_OR_RETURN(const Tensor bias, tensor("bias", 1));
    ASSIGN_OR_RETURN(const Tensor neighbours, tensor("neighbours", 2));
    ASSIGN_OR_RETURN(const Tensor weight, tensor("weight", 2));
    const size_t width = weight.shape[1];
    if (width == 0 || width > kMaxHeadInputs) return corrupt("a width out of range");
    if (bias.shape[0] != classes || weight.shape[0] != classes)
      return corrupt("the number of labels is not that of the classes");
    if (neighbours.shape[1] != width) return corrupt("the neighbours have another width");
    if (neighbours.shape[0] == 0 || neighbours.shape[0] > kMaxNeighbourRows)
      return corrupt("a number of neighbours out of range");
    // Tensors lie one after the other and fill the file.
    if (bias.begin != 0 || neighbours.begin != bias.end || weight.begin != neighbours.end ||
        weight.end != data_.size()) {
      return corrupt("the tensors do not fill the file");
    }
    ASSIGN_OR_RETURN(std::vector<float> biases, values(bias));
    ASSIGN_OR_RETURN(std::vector<float> rows, values(neighbours));
    ASSIGN_OR_RETURN(std::vector<float> weights, values(weight));
    return LinearHead(std::move(embedder_), std::move(labels_), std::move(weights), std::move(biases),
                      temperature_, DomainGate(width, std::move(rows), max_distance_));
  }

 private:
  struct Tensor {
    uint64_t shape[2] = {1, 1};
    uint64_t begin = 0, end = 0;
  };

  Error corrupt(std::string_view what) const {
    return {ErrorCode::corrupt, fmt::format("not a linear head: {}", what), path_,
            "train the specialist again"};
  }

  Status read_header() {
    uint64_t length = 0;
    if (bytes_.size() < kLengthBytes) return corrupt("the file is too short");
    std::memcpy(&length, bytes_.data(), kLengthBytes);
    if (length > kMaxHeadHeaderBytes || length > bytes_.size() - kLengthBytes)
      return corrupt("the header is longer than the file");
    const char* text = reinterpret_cast<const char*>(bytes_.data()) + kLengthBytes;
    auto header = parse_json(std::string_view(text, length));
    if (!header.ok()) return corrupt(header.error().what);
    if (!header->is_object()) return corrupt("the header is not an object");
    header_ = std::move(header->get_object());
    data_ = bytes_.subspan(kLengthBytes + length);
    return {};
  }

  std::optional<std::string_view> metadata(std::string_view key) const {
    const json::value* entries = header_.if_contains("__metadata__");
    if (!entries || !entries->is_object()) return std::nullopt;
    const json::value* value = entries->get_object().if_contains(key);
    if (!value || !value->is_string()) return std::nullopt;
    return std::string_view(value->get_string());
  }

  // A number of __metadata__ in [low, high].
  Result<double> number(std::string_view key, double low, double high) const {
    const auto text = metadata(key);
    double value = 0;
    if (!text ||
        std::from_chars(text->data(), text->data() + text->size(), value).ptr !=
            text->data() + text->size() ||
        !(value >= low && value <= high)) {
      return corrupt(fmt::format("{} is missing or out of range", key));
    }
    return value;
  }

  Status read_metadata() {
    if (metadata("format") != kFormat) return corrupt(fmt::format("its format is not \"{}\"", kFormat));
    const auto embedder = metadata("embedder"), labels = metadata("labels");
    if (!embedder || !labels) return corrupt("the embedder or the labels are missing");
    embedder_ = *embedder;
    ASSIGN_OR_RETURN(temperature_, number("temperature", kMinTemperature, kMaxTemperature));
    ASSIGN_OR_RETURN(max_distance_, number("max_distance", 0, 2));
    auto list = parse_json(*labels);
    if (!list.ok() || !list->is_array()) return corrupt("the labels are not an array");
    std::set<std::string_view> seen;
    for (const json::value& label : list->get_array()) {
      if (!label.is_string() || label.get_string().empty() ||
          label.get_string().size() > kMaxHeadLabelBytes || !seen.insert(label.get_string()).second) {
        return corrupt("a label is no text, empty, too long or there twice");
      }
      labels_.emplace_back(label.get_string());
    }
    if (labels_.size() < 2 || labels_.size() > kMaxHeadClasses)
      return corrupt("a number of labels out of range");
    return {};
  }

  // `value` as an array of `count` whole numbers.
  static bool read_numbers(const json::value* value, size_t count, uint64_t* out) {
    if (!value || !value->is_array() || value->get_array().size() != count) return false;
    for (size_t i = 0; i < count; i++) {
      const json::value& element = value->get_array()[i];
      if (!element.is_int64() || element.get_int64() < 0) return false;
      out[i] = static_cast<uint64_t>(element.get_int64());
    }
    return true;
  }

  Result<Tensor> tensor(std::string_view name, size_t axes) const {
    const json::value* entry = header_.if_contains(name);
    if (!entry || !entry->is_object()) return corrupt(fmt::format("tensor {} is missing", name));
    const json::object& object = entry->get_object();
    const json::value* dtype = object.if_contains("dtype");
    Tensor found;
    uint64_t offsets[2] = {};
    if (!dtype || !dtype->is_string() || dtype->get_string() != "F32" ||
        !read_numbers(object.if_contains("shape"), axes, found.shape) ||
        !read_numbers(object.if_contains("data_offsets"), 2, offsets)) {
      return corrupt(fmt::format("tensor {} has a broken entry", name));
    }
    const auto count = checked_mul(found.shape[0], found.shape[1]);
    const auto size = count ? checked_mul<uint64_t>(*count, sizeof(float)) : std::nullopt;
    found.begin = offsets[0];
    found.end = offsets[1];
    if (!size || found.begin > found.end || found.end > data_.size() || found.end - found.begin != *size) {
      return corrupt(fmt::format("tensor {} does not fit its bytes", name));
    }
    return found;
  }

  Result<std::vector<float>> values(const Tensor& tensor) const {
    std::vector<float> found((tensor.end - tensor.begin) / sizeof(float));
    std::memcpy(found.data(), data_.data() + tensor.begin, tensor.end - tensor.begin);
    for (const float value : found) {
      if (!std::isfinite(value)) return corrupt("a value is not finite");
    }
    return found;
  }

  std::span<const std::byte> bytes_, data_;
  const std::string& path_;
  json::object header_;
  std::string embedder_;
  std::vector<std::string> labels_;
  double temperature_ = 1, max_distance_ = 2;
};

}  // namespace

std::string linear_head_bytes(const LinearHead& head) {
  const uint64_t classes = head.labels().size(), width = head.width(),
                 neighbours = head.gate().unit_rows().size() / width;
  uint64_t offset = 0;
  json::object header;
  header["__metadata__"] =
      json::object{{"format", kFormat},
                   {"embedder", head.embedder()},
                   {"labels", json::serialize(json::array(head.labels().begin(), head.labels().end()))},
                   {"temperature", number_text(head.temperature())},
                   {"max_distance", number_text(head.gate().max_distance())}};
  header["bias"] = tensor_object({classes}, offset);
  header["neighbours"] = tensor_object({neighbours, width}, offset);
  header["weight"] = tensor_object({classes, width}, offset);
  std::string text = json::serialize(header);
  while ((kLengthBytes + text.size()) % kAlignment != 0) text += ' ';  // the format allows spaces at the end

  const uint64_t length = text.size();
  std::string bytes(reinterpret_cast<const char*>(&length), kLengthBytes);
  bytes += text;
  bytes += bytes_of(head.biases());
  bytes += bytes_of(head.gate().unit_rows());
  bytes += bytes_of(head.weights());
  return bytes;
}

Result<LinearHead> read_linear_head(std::span<const std::byte> bytes, const std::string& path) {
  return Reader(bytes, path).read();
}

}  // namespace understudy
