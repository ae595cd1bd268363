#include "store/call_formats/line_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "store/limits.h"

namespace understudy {
namespace {

constexpr size_t kBufferBytes = 256 << 10;

Error file_error(const char* what, const std::string& path) {
  const auto code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::io;
  return {code, std::string(what) + ": " + std::strerror(errno), path, ""};
}

}  // namespace

LineReader::LineReader(std::unique_ptr<std::FILE, Close> file, std::string path)
    : file_(std::move(file)), path_(std::move(path)), buffer_(kBufferBytes) {}

Result<LineReader> LineReader::open(const std::string& path) {
  std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return file_error("cannot open the file", path);
  struct stat info{};
  if (::fstat(::fileno(file.get()), &info) == 0 && S_ISDIR(info.st_mode)) {
    return Error{ErrorCode::invalid_argument, "this is a folder", path, "Name a file of JSON lines"};
  }
  return LineReader(std::move(file), path);
}

Result<bool> LineReader::fill() {
  at_ = 0;
  end_ = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
  bytes_read_ += end_;
  if (end_ == 0 && std::ferror(file_.get()) != 0) return file_error("cannot read the file", path_);
  return end_ > 0;
}

Result<LineReader::Found> LineReader::next(std::string& line) {
  line.clear();
  bool any = false, is_too_long = false;
  while (true) {
    if (at_ == end_) {
      ASSIGN_OR_RETURN(const bool is_more, fill());
      if (!is_more) {
        if (!any) return Found::end;
        break;
      }
    }
    if (!any) ++line_number_;
    any = true;
    const char* begin = buffer_.data() + at_;
    const char* stop = std::find(begin, static_cast<const char*>(buffer_.data() + end_), '\n');
    const auto size = static_cast<size_t>(stop - begin);
    is_too_long = is_too_long || line.size() + size > kMaxLineBytes;
    if (!is_too_long) line.append(begin, size);
    at_ += size;
    if (at_ < end_) {  // the line's end
      ++at_;
      break;
    }
  }
  if (is_too_long) line = std::string();
  return is_too_long ? Found::too_long : Found::line;
}

}  // namespace understudy
