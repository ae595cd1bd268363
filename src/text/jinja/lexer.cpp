#include "text/jinja/lexer.h"

#include <algorithm>

#include "text/jinja/characters.h"
#include "text/jinja/limits.h"
#include "text/jinja/string_literal.h"
#include "text/unicode.h"

namespace understudy::jinja {
namespace {

constexpr std::string_view kLongSymbols[] = {"//", "**", "==", "!=", ">=", "<="};
constexpr std::string_view kShortSymbols = "+-*/%~[](){}><=.:|,;";

// jinja2 reads every line break as \n and drops one at the end.
std::string normalize_newlines(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      text += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      text += source[i];
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit_char(char c) { return c >= '0' && c <= '9'; }
bool is_name_char(char c) { return is_name_start(c) || is_digit_char(c); }

class Lexer {
 public:
  explicit Lexer(std::string source) : source_(std::move(source)), text_(source_) {}

  Result<std::vector<Token>> run() {
    while (at_ < text_.size()) RETURN_IF_ERROR(read_data_and_tag());
    add(Token::Kind::end, "", at_);
    return std::move(tokens_);
  }

 private:
  char peek(size_t offset = 0) const { return at_ + offset < text_.size() ? text_[at_ + offset] : '\0'; }
  bool looking_at(std::string_view word) const { return text_.substr(at_).starts_with(word); }

  Position position(size_t at) {
    for (; counted_ < at; ++counted_) {
      if (text_[counted_] == '\n') {
        place_ = {place_.line + 1, 1};
      } else {
        ++place_.column;
      }
    }
    return place_;
  }

  void add(Token::Kind kind, std::string text, size_t at) {
    tokens_.push_back({kind, std::move(text), position(at)});
  }

  size_t skip_space(size_t at) const {
    while (at < text_.size()) {
      const Utf8Char c = decode_char(text_, at);
      if (!is_space(c.code)) break;
      at += c.length;
    }
    return at;
  }

  static std::string_view strip_right(std::string_view text) {
    while (!text.empty()) {
      const size_t at = previous_char(text, text.size());
      if (!is_space(decode_char(text, at).code)) break;
      text = text.substr(0, at);
    }
    return text;
  }

  // Text in front of a tag, without what the tag takes away on its left.
  std::string_view trimmed(std::string_view data, char sign, bool print) const {
    if (sign == '-') return strip_right(data);
    if (sign == '+' || print) return data;
    const size_t newline = data.rfind('\n');
    if (newline == std::string_view::npos && !line_start_) return data;
    const size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    return strip_right(data.substr(line)).empty() ? data.substr(0, line) : data;
  }

  void add_data(std::string_view data, size_t at) {
    if (!data.empty()) add(Token::Kind::data, std::string(data), at);
  }

  // Moves behind the end of a tag that starts at at_ ("%}", "-%}", …); `block` tags take a newline with them.
  void skip_tag_end(bool block) {
    const char sign = peek();
    at_ += sign == '-' || sign == '+' ? 3 : 2;
    if (sign == '-') {
      at_ = skip_space(at_);
    } else if (block && sign != '+' && peek() == '\n') {
      ++at_;
    }
    line_start_ = text_[at_ - 1] == '\n';
  }

  // At "%}", "-%}" or "+%}" (close = "%}").
  bool at_tag_end(std::string_view close) const {
    if (looking_at(close)) return true;
    return (peek() == '-' || (peek() == '+' && close != "}}")) && text_.substr(at_ + 1).starts_with(close);
  }

  Status read_data_and_tag() {
    const size_t begin = at_;
    size_t tag = begin;
    do {
      tag = text_.find('{', tag);
      if (tag == std::string_view::npos || tag + 1 >= text_.size()) {
        add_data(text_.substr(begin), begin);
        at_ = text_.size();
        return {};
      }
    } while (text_[tag + 1] != '{' && text_[tag + 1] != '%' && text_[tag + 1] != '#' && ++tag);
    const char kind = text_[tag + 1];
    at_ = tag + 2;
    const char sign = peek() == '-' || peek() == '+' ? peek() : '\0';
    if (sign) ++at_;
    add_data(trimmed(text_.substr(begin, tag - begin), sign, kind == '{'), begin);
    if (kind == '#') return read_comment(tag);
    if (kind == '%' && at_raw()) return read_raw(tag);
    return read_tag(kind == '{', tag);
  }

  Status read_comment(size_t tag) {
    const size_t end = text_.find("#}", at_);
    if (end == std::string_view::npos) return syntax_error("a comment is not closed with #}", position(tag));
    const bool signed_end = end > at_ && (text_[end - 1] == '-' || text_[end - 1] == '+');
    at_ = signed_end ? end - 1 : end;
    skip_tag_end(true);
    return {};
  }

  bool at_raw() const {
    const size_t word = skip_space(at_);
    if (!text_.substr(word).starts_with("raw")) return false;
    const size_t end = skip_space(word + 3);
    return text_.substr(end).starts_with("%}") || text_.substr(end).starts_with("-%}");
  }

  Status read_raw(size_t tag) {
    at_ = skip_space(skip_space(at_) + 3);
    skip_tag_end(false);
    const size_t begin = at_;
    for (size_t open = begin; (open = text_.find("{%", open)) != std::string_view::npos; ++open) {
      at_ = open + 2;
      const char sign = peek() == '-' || peek() == '+' ? peek() : '\0';
      at_ = skip_space(at_ + (sign ? 1 : 0));
      if (!looking_at("endraw")) continue;
      at_ = skip_space(at_ + 6);
      if (!at_tag_end("%}")) continue;
      add_data(trimmed(text_.substr(begin, open - begin), sign, false), begin);
      skip_tag_end(true);
      return {};
    }
    return syntax_error("a raw block is not closed with {% endraw %}", position(tag));
  }

  Status read_tag(bool print, size_t tag) {
    const std::string_view close = print ? "}}" : "%}";
    add(print ? Token::Kind::print_begin : Token::Kind::block_begin, "", tag);
    std::string open_brackets;
    while ((at_ = skip_space(at_)) < text_.size()) {
      if (open_brackets.empty() && at_tag_end(close)) {
        add(print ? Token::Kind::print_end : Token::Kind::block_end, "", at_);
        skip_tag_end(!print);
        return {};
      }
      RETURN_IF_ERROR(read_token(open_brackets));
    }
    return syntax_error("a tag is not closed with " + std::string(close), position(tag));
  }

  Status read_token(std::string& open_brackets) {
    const char c = peek();
    if (is_digit_char(c)) return read_number();
    if (is_name_start(c)) {
      const size_t begin = at_;
      while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
      add(Token::Kind::name, std::string(text_.substr(begin, at_ - begin)), begin);
      return {};
    }
    if (c == '"' || c == '\'') return read_string();
    return read_symbol(open_brackets);
  }

  Status read_symbol(std::string& open_brackets) {
    const size_t begin = at_;
    size_t size = 0;
    for (const auto symbol : kLongSymbols) size = looking_at(symbol) ? 2 : size;
    if (size == 0 && kShortSymbols.find(peek()) != std::string_view::npos) size = 1;
    if (size == 0)
      return syntax_error("unexpected character '" + std::string(text_.substr(at_, 1)) + "'", position(at_));
    const std::string symbol(text_.substr(begin, size));
    static constexpr std::string_view kOpen = "([{", kClose = ")]}";
    if (const size_t open = kOpen.find(symbol); open != std::string_view::npos) open_brackets += kClose[open];
    if (kClose.find(symbol) != std::string_view::npos) {
      if (open_brackets.empty() || open_brackets.back() != symbol[0]) {
        return syntax_error("unexpected '" + symbol + "'", position(begin));
      }
      open_brackets.pop_back();
    }
    at_ += size;
    add(Token::Kind::symbol, symbol, begin);
    return {};
  }

  // Decimal digits, single underscores between them.
  size_t skip_digits(size_t at) const {
    while (at < text_.size() && (is_digit_char(text_[at]) ||
                                 (text_[at] == '_' && at + 1 < text_.size() && is_digit_char(text_[at + 1]))))
      ++at;
    return at;
  }

  Status read_number() {
    const size_t begin = at_;
    at_ = skip_digits(at_);
    bool floating = false;
    // `a.0.5` reads items 0 and 5: a number after a dot has no fraction.
    const bool after_dot = begin > 0 && text_[begin - 1] == '.';
    if (!after_dot && peek() == '.' && is_digit_char(peek(1))) {
      at_ = skip_digits(at_ + 1);
      floating = true;
    }
    const size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (!after_dot && (peek() == 'e' || peek() == 'E') && is_digit_char(peek(1 + sign))) {
      at_ = skip_digits(at_ + 1 + sign);
      floating = true;
    }
    if (is_name_start(peek()) && begin + 1 == at_ && text_[begin] == '0') {
      return unsupported_error("a binary, octal or hexadecimal number", position(begin));
    }
    std::string digits(text_.substr(begin, at_ - begin));
    digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
    add(floating ? Token::Kind::floating : Token::Kind::integer, std::move(digits), begin);
    return {};
  }

  Status read_string() {
    const size_t begin = at_;
    const char quote = text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote) at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return syntax_error("a string is not closed", position(begin));
    auto value = unescape_string(text_.substr(begin + 1, at_ - begin - 1));
    if (!value.ok()) {
      Error error = value.error();
      error.where = describe(position(begin));
      return error;
    }
    ++at_;
    add(Token::Kind::string, *std::move(value), begin);
    return {};
  }

  std::string source_;
  std::string_view text_;
  size_t at_ = 0;
  bool line_start_ = true;  // the last tag ended a line, or nothing has been read yet
  size_t counted_ = 0;      // text_[0, counted_) is reflected in place_
  Position place_;
  std::vector<Token> tokens_;
};

}  // namespace

std::string describe(Position at) {
  return "line " + std::to_string(at.line) + ", column " + std::to_string(at.column) +
         " of the chat template";
}

Error syntax_error(std::string what, Position at) {
  return {ErrorCode::corrupt, std::move(what), describe(at),
          "The model file's chat template is not valid Jinja"};
}

Error unsupported_error(std::string_view construct, Position at) {
  return {ErrorCode::unsupported, std::string(construct) + " is not supported in chat templates",
          describe(at), ""};
}

Result<std::vector<Token>> tokenize(std::string_view source) {
  if (source.size() > kMaxSourceBytes) {
    return Error{ErrorCode::unsupported,
                 "the chat template has " + std::to_string(source.size()) + " bytes; at most " +
                     std::to_string(kMaxSourceBytes) + " are supported",
                 "", ""};
  }
  return Lexer(normalize_newlines(source)).run();
}

}  // namespace understudy::jinja
