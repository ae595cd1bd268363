// The lines of a file, one at a time, each of a bounded length.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace understudy {

class LineReader {
 public:
  static Result<LineReader> open(const std::string& path);

  enum class Found { line, too_long, end };
  // The next line without its end. A line above kMaxLineBytes is passed over, not held.
  Result<Found> next(std::string& line);
  // Of what next() returned last; the first is 1.
  int64_t line_number() const { return line_number_; }
  uint64_t bytes_read() const { return bytes_read_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  LineReader(std::unique_ptr<std::FILE, Close> file, std::string path);
  // False at the end of the file.
  Result<bool> fill();

  std::unique_ptr<std::FILE, Close> file_;
  std::string path_;
  std::vector<char> buffer_;
  size_t at_ = 0, end_ = 0;  // what is left in the buffer
  int64_t line_number_ = 0;
  uint64_t bytes_read_ = 0;
};

}  // namespace understudy
