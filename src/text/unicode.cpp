#include "text/unicode.h"

#include <utf8proc.h>

#include "text/utf8.h"

namespace understudy {
namespace {

utf8proc_category_t category(char32_t code) { return utf8proc_category(static_cast<utf8proc_int32_t>(code)); }

bool is_between(char32_t code, utf8proc_category_t first, utf8proc_category_t last) {
  const utf8proc_category_t kind = category(code);
  return kind >= first && kind <= last;
}

}  // namespace

bool is_space(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

bool is_digit(char32_t code) { return category(code) == UTF8PROC_CATEGORY_ND; }
bool is_letter(char32_t code) { return is_between(code, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LO); }
bool is_upper(char32_t code) { return category(code) == UTF8PROC_CATEGORY_LU; }
bool is_lower(char32_t code) { return category(code) == UTF8PROC_CATEGORY_LL; }
bool is_punctuation(char32_t code) { return is_between(code, UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_PO); }
bool is_nonspacing_mark(char32_t code) { return category(code) == UTF8PROC_CATEGORY_MN; }
bool is_control(char32_t code) { return is_between(code, UTF8PROC_CATEGORY_CC, UTF8PROC_CATEGORY_CO); }
bool is_printable(char32_t code) {
  return code == ' ' || is_between(code, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_SO);
}

void append_upper(std::string& text, char32_t code) {
  if (code == 0xDF) {
    text += "SS";
  } else {
    append_utf8(text, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code))));
  }
}

void append_lower(std::string& text, char32_t code) {
  append_utf8(text, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
  if (code == 0x130) append_utf8(text, 0x307);
}

}  // namespace understudy
