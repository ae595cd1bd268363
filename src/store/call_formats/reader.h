// The calls of a file of JSON lines, in any of the forms of call_formats/format.h: for `calls import`, and for
// `scan FILE.jsonl`, which needs no database.
//
//   ASSIGN_OR_RETURN(CallReader reader, CallReader::open("calls.jsonl"));
//   while (true) {
//     ASSIGN_OR_RETURN(const auto call, reader.next());
//     if (!call) break;
//     use(*call);
//   }
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "store/call.h"
#include "store/call_formats/format.h"
#include "store/call_formats/line_reader.h"

namespace understudy {

class CallReader {
 public:
  // The form of each row is found by its marks, unless `format` names one. "/dev/stdin" works.
  static Result<CallReader> open(const std::string& path, const std::string& format = "");

  // The next call, nullopt after the last; empty lines and rows that are no calls are passed over. A call has passed
  // check(); it has an id and, unless it came with one, an import key: the same row has the same key. time_ms is 0 if
  // the row says none. Reads at most one line of kMaxLineBytes at a time.
  //
  // An error names the line ("calls.jsonl, line 7, byte 12"); the next call to next() goes on with the line after it,
  // so that broken rows can be passed over and counted.
  Result<std::optional<Call>> next();

  int64_t line_number() const { return lines_.line_number(); }
  uint64_t bytes_read() const { return lines_.bytes_read(); }
  // Rows that are no calls of a model, so far.
  int64_t other_rows() const { return other_rows_; }

 private:
  CallReader(LineReader lines, std::string path, const CallFormat* format)
      : lines_(std::move(lines)), path_(std::move(path)), format_(format) {}
  // nullopt: not a call.
  Result<std::optional<Call>> read_line(std::string_view line);

  LineReader lines_;
  std::string path_;
  const CallFormat* format_;  // nullptr: found for each row
  std::string line_;
  int64_t other_rows_ = 0;
  bool failed_ = false;  // the file itself cannot be read any further
};

}  // namespace understudy
