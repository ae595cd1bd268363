#include "formats/gguf_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/checked.h"
#include "formats/limits.h"

namespace understudy {

namespace {

constexpr uint64_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;  // name length, name, axes, ne[0], type, offset

// A tensor's bytes, counted from the start of the data section.
struct Extent {
  uint64_t offset, size;
  size_t tensor;
};

// Memory of a table row, its name and shape, allocator overhead and the index by name included.
constexpr uint64_t kTensorCost = sizeof(TensorView) + sizeof(Extent) + kMaxTensorNameBytes + 96;

// ggml_type names that dtype.h does not have.
constexpr std::pair<uint32_t, std::string_view> kUnsupportedTypes[] = {
    {9, "Q8_1"},   {15, "Q8_K"},  {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"},
    {21, "IQ3_S"}, {22, "IQ2_S"}, {24, "I8"},      {25, "I16"},    {26, "I32"},     {27, "I64"},
    {28, "F64"},   {29, "IQ1_M"}, {34, "TQ1_0"},   {35, "TQ2_0"},  {39, "MXFP4"},
};

Error unsupported_type(const GgufCursor& cursor, uint32_t type) {
  std::string name = std::to_string(type);
  for (const auto& [number, known] : kUnsupportedTypes) {
    if (number == type) name = fmt::format("{} ({})", known, type);
  }
  return cursor.error(ErrorCode::unsupported, fmt::format("tensor type {}", name),
                      fmt::format("Supported types: {}", supported_dtypes()));
}

Result<std::vector<int64_t>> read_shape(GgufCursor& cursor) {
  ASSIGN_OR_RETURN(uint32_t axes, cursor.number<uint32_t>("number of axes"));
  if (axes < 1 || axes > kMaxTensorAxes) {
    return cursor.corrupt(fmt::format("number of axes: expected 1 to {}, found {}", kMaxTensorAxes, axes));
  }
  std::vector<int64_t> shape;
  shape.reserve(axes);
  for (uint32_t i = 0; i < axes; ++i) {
    ASSIGN_OR_RETURN(uint64_t length, cursor.number<uint64_t>("shape"));
    if (length < 1 || length > INT64_MAX) {
      return cursor.corrupt(fmt::format("length of axis {}: expected 1 to 2^63-1, found {}", i, length));
    }
    shape.push_back(static_cast<int64_t>(length));
  }
  return shape;
}

// Elements and bytes stay below 2^63, so that signed sizes are safe everywhere after this.
Result<uint64_t> stored_bytes(const GgufCursor& cursor, const std::vector<int64_t>& shape,
                              const DTypeInfo& type) {
  if (shape[0] % type.block != 0) {
    return cursor.corrupt(fmt::format("length of axis 0: expected a multiple of {}'s block of {}, found {}",
                                      type.name, type.block, shape[0]));
  }
  std::optional<int64_t> elements = 1;
  for (int64_t length : shape) {
    if (elements) elements = checked_mul(*elements, length);
  }
  std::optional<int64_t> size;
  if (elements) size = checked_mul(*elements / type.block, static_cast<int64_t>(type.bytes));
  if (size) return static_cast<uint64_t>(*size);
  return cursor.corrupt(
      fmt::format("the size of shape [{}] in {} overflows 63 bits", fmt::join(shape, ", "), type.name));
}

Result<TensorView> read_description(GgufCursor& cursor, Extent& extent) {
  TensorView tensor;
  ASSIGN_OR_RETURN(tensor.name, cursor.name(kMaxTensorNameBytes));
  cursor.set_subject("tensor " + tensor.name);
  ASSIGN_OR_RETURN(tensor.shape, read_shape(cursor));
  ASSIGN_OR_RETURN(uint32_t type, cursor.number<uint32_t>("tensor's type"));
  std::optional<DType> dtype = dtype_from_gguf(type);
  if (!dtype) return unsupported_type(cursor, type);
  tensor.dtype = *dtype;
  ASSIGN_OR_RETURN(extent.size, stored_bytes(cursor, tensor.shape, info(*dtype)));
  ASSIGN_OR_RETURN(extent.offset, cursor.number<uint64_t>("tensor's offset"));
  return tensor;
}

Status check_place(const GgufCursor& cursor, const Extent& extent, uint64_t data_bytes, uint64_t alignment) {
  if (extent.offset % alignment != 0) {
    return cursor.corrupt(
        fmt::format("offset: expected a multiple of {}, found {}", alignment, extent.offset));
  }
  if (extent.size > data_bytes || extent.offset > data_bytes - extent.size) {
    return cursor.corrupt(
        fmt::format("the tensor lies outside the file: {} bytes at offset {} of a data section of {}",
                    extent.size, extent.offset, data_bytes));
  }
  return {};
}

Status check_overlaps(GgufCursor& cursor, std::vector<Extent> extents,
                      const std::vector<TensorView>& tensors) {
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return a.offset < b.offset; });
  for (size_t i = 1; i < extents.size(); ++i) {
    const Extent &previous = extents[i - 1], &next = extents[i];
    if (next.offset - previous.offset >= previous.size) continue;
    cursor.set_subject("tensor " + tensors[next.tensor].name);
    return cursor.corrupt(
        fmt::format("the tensor's bytes overlap those of {}", tensors[previous.tensor].name));
  }
  return {};
}

}  // namespace

Result<std::vector<TensorView>> read_gguf_tensors(GgufCursor& cursor, uint64_t count, uint64_t alignment) {
  if (count > cursor.remaining() / kMinTensorBytes) {
    return cursor.corrupt(fmt::format("the file cannot hold the {} tensors that its header claims", count));
  }
  RETURN_IF_ERROR(cursor.charge(count * kTensorCost));
  std::vector<TensorView> tensors;
  std::vector<Extent> extents;
  tensors.reserve(count);
  extents.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    cursor.set_subject(fmt::format("tensor {} of {}", i + 1, count));
    Extent extent{0, 0, i};
    ASSIGN_OR_RETURN(TensorView tensor, read_description(cursor, extent));
    tensors.push_back(std::move(tensor));
    extents.push_back(extent);
  }

  // The table ends inside the file (size < 2^63) and alignments are small: no overflow.
  uint64_t data_start = round_up<uint64_t>(cursor.offset(), alignment);
  uint64_t file_bytes = cursor.bytes().size();
  uint64_t data_bytes = data_start < file_bytes ? file_bytes - data_start : 0;
  for (size_t i = 0; i < count; ++i) {
    cursor.set_subject("tensor " + tensors[i].name);
    RETURN_IF_ERROR(check_place(cursor, extents[i], data_bytes, alignment));
    tensors[i].bytes = cursor.bytes().subspan(data_start + extents[i].offset, extents[i].size);
  }
  RETURN_IF_ERROR(check_overlaps(cursor, std::move(extents), tensors));
  cursor.set_subject("");
  return tensors;
}

}  // namespace understudy
