#include "tensor/packed_weights.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>

#include "base/checked.h"
#include "base/file_descriptor.h"
#include "base/huge_buffer.h"
#include "base/huge_file.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/replace_file.h"
#include "base/sha256.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr size_t kArenaBlock = size_t{64} << 20;  // wastes at most the end of a block
constexpr size_t kAlignment = 64;                 // of a matrix
constexpr size_t kPage = 4096;  // the matrices begin at one, so that a mapped copy is aligned
constexpr size_t kMaxHeader = size_t{16} << 20;
constexpr size_t kReadBytes = size_t{4} << 20;  // of one task: two huge pages

std::string first_line() { return fmt::format("understudy packed weights {}\n", kPackedLayoutVersion); }

Error corrupt(const std::string& path, std::string what) {
  return {ErrorCode::corrupt, std::move(what), path, "Remove it: the next load packs the model again"};
}

std::optional<size_t> size_of(const FileDescriptor& file) {
  struct stat info{};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return static_cast<size_t>(info.st_size);
}

FileDescriptor open_copy(const std::string& path) {
  return FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
}

struct Entry {
  std::string name;
  DType dtype = DType::f32;
  int rows = 0, k = 0;
  size_t offset = 0;  // from the beginning of the matrices
};

struct Header {
  std::string source, sha256;
  size_t begin = 0, bytes = 0;  // of the matrices, in the file
  std::vector<Entry> entries;
};

std::optional<DType> dtype_named(std::string_view name) {
  for (const DTypeInfo& type : kDTypes) {
    if (type.name == name) return type.dtype;
  }
  return std::nullopt;
}

std::optional<uint64_t> number(const json::object& object, std::string_view key, uint64_t max) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return std::nullopt;
  const auto found = static_cast<uint64_t>(value->get_int64());
  return found <= max ? std::optional(found) : std::nullopt;
}

std::optional<std::string> text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

// A matrix whose panels lie inside `bytes`.
std::optional<Entry> parse_entry(const json::value& value, size_t bytes) {
  if (!value.is_object()) return std::nullopt;
  const json::object& object = value.get_object();
  constexpr uint64_t kMaxInt = std::numeric_limits<int>::max() - kPanelRows;
  const auto name = text(object, "name"), type = text(object, "dtype");
  const auto rows = number(object, "rows", kMaxInt), k = number(object, "k", kMaxInt),
             offset = number(object, "offset", bytes);
  if (!name || !type || !rows || !k || !offset || *rows == 0 || *k == 0 || *offset % kAlignment != 0)
    return std::nullopt;
  const auto dtype = dtype_named(*type);
  if (!dtype || *k % kTileK != 0 || *k % info(*dtype).block != 0) return std::nullopt;
  const size_t panels = (*rows + kPanelRows - 1) / kPanelRows;
  const auto size = checked_mul(panels, panel_bytes(*dtype, static_cast<int>(*k)));
  if (!size || *size > bytes - *offset) return std::nullopt;
  return Entry{*name, *dtype, static_cast<int>(*rows), static_cast<int>(*k), *offset};
}

Result<Header> read_header(const FileDescriptor& file, const std::string& path) {
  if (!file.valid()) {
    if (errno != ENOENT) return system_error("cannot open the file", path);
    return Error{ErrorCode::not_found, "there is no packed copy", path, ""};
  }
  const auto size = size_of(file);
  if (!size) return Error{ErrorCode::io, "not a regular file", path, ""};
  const std::string line = first_line();
  std::string found(line.size(), '\0');
  uint64_t header_bytes = 0;
  if (*size < line.size() + 8 || !file.read_at(0, std::as_writable_bytes(std::span(found))) || found != line)
    return corrupt(path, "not packed weights of this version");
  if (!file.read_at(line.size(), std::as_writable_bytes(std::span(&header_bytes, 1))) ||
      header_bytes > std::min(kMaxHeader, *size - line.size() - 8))
    return corrupt(path, "the header is cut off");
  std::string words(header_bytes, '\0');
  if (!file.read_at(line.size() + 8, std::as_writable_bytes(std::span(words))))
    return corrupt(path, "the header is cut off");
  const auto parsed = parse_json(words);
  if (!parsed.ok() || !parsed->is_object()) return corrupt(path, "the header is no JSON object");

  const json::object& object = parsed->get_object();
  Header header;
  header.begin = round_up(line.size() + 8 + header_bytes, kPage);
  const auto source = text(object, "source"), sha256 = text(object, "sha256");
  const auto bytes = number(object, "bytes", *size);
  const json::value* matrices = object.if_contains("matrices");
  if (!source || !sha256 || !bytes || matrices == nullptr || !matrices->is_array())
    return corrupt(path, "the header lacks a field");
  if (header.begin > *size || *size - header.begin != *bytes)
    return corrupt(path,
                   fmt::format("the file has {} bytes, its header says {}", *size, header.begin + *bytes));
  header.source = *source;
  header.sha256 = *sha256;
  header.bytes = *bytes;
  for (const json::value& value : matrices->get_array()) {
    auto entry = parse_entry(value, header.bytes);
    if (!entry) return corrupt(path, "the header names a matrix that cannot be");
    header.entries.push_back(std::move(*entry));
  }
  return header;
}

struct Panels {
  std::shared_ptr<const void> memory;
  const std::byte* data = nullptr;
};

Result<Panels> map_panels(const Header& header, const std::string& path) {
  ASSIGN_OR_RETURN(auto mapped, MappedFile::open(path));
  // The file behind the name may have been replaced since the header was read.
  if (mapped->bytes().size() != header.begin + header.bytes) return corrupt(path, "the file has changed");
  const std::byte* data = mapped->bytes().data() + header.begin;
  return Panels{std::move(mapped), data};
}

Result<Panels> read_panels_later(const Header& header, FileDescriptor file, const std::string& path) {
  ASSIGN_OR_RETURN(auto opened, HugeFile::open(std::move(file), header.begin + header.bytes, path));
  const std::byte* data = opened->bytes().data() + header.begin;
  return Panels{std::move(opened), data};
}

Result<Panels> read_panels(const Header& header, const FileDescriptor& file, const std::string& path,
                           ThreadPool& pool) {
  auto buffer = std::make_shared<HugeBuffer>(header.bytes);
  if (header.bytes > 0 && buffer->data() == nullptr)
    return Error{ErrorCode::io, fmt::format("no memory for {} bytes of weights", header.bytes), path, ""};
  std::atomic<bool> good{true};
  const size_t tasks = (header.bytes + kReadBytes - 1) / kReadBytes;
  pool.run(static_cast<int>(tasks), [&](int task) {
    const size_t at = static_cast<size_t>(task) * kReadBytes, count = std::min(kReadBytes, header.bytes - at);
    if (!file.read_at(header.begin + at, {buffer->data() + at, count})) good = false;
  });
  if (!good) return Error{ErrorCode::io, "cannot read the file", path, ""};
  const std::byte* data = buffer->data();
  return Panels{std::move(buffer), data};
}

}  // namespace

PackedWeights::PackedWeights() : arena_(std::make_shared<Arena>(kArenaBlock)) {}

Result<PackedWeights> PackedWeights::read(const std::string& path, const std::string& source, Access access,
                                          ThreadPool& pool) {
  FileDescriptor file = open_copy(path);
  ASSIGN_OR_RETURN(const Header header, read_header(file, path));
  if (header.source != source) return corrupt(path, "packed from another model file");
  ASSIGN_OR_RETURN(const Panels panels, access == Access::map ? map_panels(header, path)
                                        : access == Access::read
                                            ? read_panels(header, file, path, pool)
                                            : read_panels_later(header, std::move(file), path));
  PackedWeights weights;
  for (const Entry& entry : header.entries) {
    weights.copy_[entry.name] =
        PackedMatrix(entry.dtype, entry.rows, entry.k, panels.data + entry.offset, panels.memory);
  }
  return weights;
}

PackedMatrix PackedWeights::get(const std::string& name, DType dtype, int rows, int k,
                                std::span<const std::byte> file, ThreadPool& pool) {
  const auto found = copy_.find(name);
  PackedMatrix matrix;
  if (found != copy_.end() && found->second.dtype() == dtype && found->second.rows() == rows &&
      found->second.k() == k) {
    matrix = found->second;
  } else {
    matrix = PackedMatrix::pack(dtype, rows, k, file, pool, arena_);
    packed_anything_ = true;
  }
  used_.emplace_back(name, matrix);
  return matrix;
}

Status PackedWeights::write(const std::string& path, const std::string& source) const {
  json::array matrices;
  Sha256 sha;
  std::vector<std::string_view> parts(1);  // the head comes first and is known last
  size_t offset = 0;
  for (const auto& [name, matrix] : used_) {
    // A panel's size is a multiple of the alignment, so the matrices lie without gaps.
    matrices.push_back({{"name", name},
                        {"dtype", info(matrix.dtype()).name},
                        {"rows", matrix.rows()},
                        {"k", matrix.k()},
                        {"offset", offset}});
    const std::span panels(matrix.panel(0), matrix.bytes());
    sha.update(panels);
    parts.emplace_back(reinterpret_cast<const char*>(panels.data()), panels.size());
    offset += panels.size();
  }
  const std::string header = json::serialize(json::object{
      {"source", source}, {"bytes", offset}, {"sha256", sha.hex()}, {"matrices", std::move(matrices)}});
  const uint64_t header_bytes = header.size();
  std::string head = first_line();
  head.append(reinterpret_cast<const char*>(&header_bytes), sizeof(header_bytes));
  head += header;
  head.resize(round_up(head.size(), kPage), '\0');
  parts[0] = head;
  return replace_file(path, parts);
}

Status PackedWeights::verify(const std::string& path) {
  const FileDescriptor file = open_copy(path);
  ASSIGN_OR_RETURN(const Header header, read_header(file, path));
  Sha256 sha;
  std::vector<std::byte> buffer(kReadBytes);
  for (size_t at = 0; at < header.bytes; at += kReadBytes) {
    const std::span chunk(buffer.data(), std::min(kReadBytes, header.bytes - at));
    if (!file.read_at(header.begin + at, chunk))
      return Error{ErrorCode::io, "cannot read the file", path, ""};
    sha.update(chunk);
  }
  if (sha.hex() != header.sha256) return corrupt(path, "the packed weights do not have their checksum");
  return {};
}

}  // namespace understudy
