// HeadScanner: finds the end of an HTTP/1 request head and refuses every head that two implementations could
// read differently (RFC 9112 sections 2.2, 3.2, 5.2, 6.1-6.3, 11.2): bare LF or CR, NUL and other control
// characters, folded lines, space before a colon, more than one Host, Content-Length or Transfer-Encoding,
// both of the latter, codings other than chunked. What passes is parsed by Beast, which alone would accept
// some of these.
#pragma once

#include <cstddef>
#include <string_view>

namespace understudy {

class HeadScanner {
 public:
  enum class State { incomplete, complete, bad };

  // `bytes` is everything received of this request so far; a later call brings more of the same.
  State scan(std::string_view bytes);

  size_t head_size() const { return scanned_; }          // when complete: bytes up to and with the empty line
  std::string_view problem() const { return problem_; }  // when bad: one sentence

 private:
  State bad(std::string_view problem);
  State check_lines(std::string_view head);
  State check_field(std::string_view line);

  size_t scanned_ = 0;  // bytes looked at; a slow sender costs no second look
  size_t line_begin_ = 0;
  std::string_view problem_;
  bool version_1_0_ = false;
  int hosts_ = 0, content_lengths_ = 0, transfer_encodings_ = 0;
};

}  // namespace understudy
