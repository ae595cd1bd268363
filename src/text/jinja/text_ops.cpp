#include "text/jinja/text_ops.h"

#include <algorithm>
#include <set>

#include "text/jinja/characters.h"
#include "text/jinja/compare.h"
#include "text/unicode.h"

namespace understudy::jinja {
namespace {

struct Piece {
  size_t begin, end;
};

bool overlaps_untrusted(const PromptText& text, size_t begin, size_t end) {
  const auto& spans = text.untrusted;
  const auto span =
      std::partition_point(spans.begin(), spans.end(), [&](const auto& s) { return s.end <= begin; });
  return span != spans.end() && span->begin < end;
}

// Cuts at each `separator`.
std::vector<Piece> cut(std::string_view text, std::string_view separator, int64_t limit) {
  std::vector<Piece> pieces;
  size_t begin = 0;
  while (limit < 0 || static_cast<int64_t>(pieces.size()) < limit) {
    const size_t at = find_bytes(text, separator, begin);
    if (at == std::string_view::npos) break;
    pieces.push_back({begin, at});
    begin = at + separator.size();
  }
  pieces.push_back({begin, text.size()});
  return pieces;
}

std::vector<Piece> cut_from_right(std::string_view text, std::string_view separator, int64_t limit) {
  std::vector<Piece> pieces;
  size_t end = text.size();
  // rfind is quadratic only in the separator's length, which the caller has bounded by its budget.
  while (limit < 0 || static_cast<int64_t>(pieces.size()) < limit) {
    const size_t at =
        end < separator.size() ? std::string_view::npos : text.rfind(separator, end - separator.size());
    if (at == std::string_view::npos) break;
    pieces.push_back({at + separator.size(), end});
    end = at;
  }
  pieces.push_back({0, end});
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

std::vector<Piece> words(std::string_view text, int64_t limit) {
  std::vector<Piece> pieces;
  const auto skip = [&](size_t at, bool space) {
    for (Utf8Char c; at < text.size() && is_space((c = decode_char(text, at)).code) == space;) at += c.length;
    return at;
  };
  for (size_t at = skip(0, true); at < text.size();) {
    const bool rest = limit >= 0 && static_cast<int64_t>(pieces.size()) == limit;
    const size_t end = rest ? text.size() : skip(at, false);
    pieces.push_back({at, end});
    at = skip(end, true);
  }
  return pieces;
}

std::vector<Piece> words_from_right(std::string_view text, int64_t limit) {
  std::vector<Piece> pieces;
  const auto skip = [&](size_t end, bool space) {
    for (size_t at; end > 0 && is_space(decode_char(text, at = previous_char(text, end)).code) == space;)
      end = at;
    return end;
  };
  for (size_t end = skip(text.size(), true); end > 0;) {
    const bool rest = static_cast<int64_t>(pieces.size()) == limit;
    const size_t begin = rest ? 0 : skip(end, false);
    pieces.push_back({begin, end});
    end = skip(begin, true);
  }
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

bool is_line_end(char32_t code) {
  return (code >= 0x0A && code <= 0x0D) || (code >= 0x1C && code <= 0x1E) || code == 0x85 || code == 0x2028 ||
         code == 0x2029;
}

Result<Value> piece_of(Runtime& runtime, const PromptText& text, Piece piece, bool untrusted) {
  PromptText part = slice_bytes(text, piece.begin, piece.end);
  return runtime.text(untrusted ? all_untrusted(std::move(part)) : std::move(part));
}

}  // namespace

Result<Value> strip(Runtime& runtime, const PromptText& text, const PromptText* chars, Side side) {
  std::set<char32_t> wanted;
  if (chars) {
    RETURN_IF_ERROR(runtime.spend(chars->text.size()));
    for (size_t at = 0; at < chars->text.size();) {
      const Utf8Char c = decode_char(chars->text, at);
      wanted.insert(c.code);
      at += c.length;
    }
  }
  RETURN_IF_ERROR(runtime.spend_bytes(text.text.size()));
  const auto strippable = [&](char32_t code) { return chars ? wanted.count(code) > 0 : is_space(code); };
  size_t begin = 0, end = text.text.size();
  if (side != Side::right) {
    for (Utf8Char c; begin < end && strippable((c = decode_char(text.text, begin)).code);) begin += c.length;
  }
  if (side != Side::left) {
    for (size_t at;
         end > begin && strippable(decode_char(text.text, at = previous_char(text.text, end)).code);)
      end = at;
  }
  return piece_of(runtime, text, {begin, end}, chars && is_tainted(*chars));
}

Result<Value> replace(Runtime& runtime, const PromptText& text, const PromptText& old,
                      const PromptText& fresh, int64_t count) {
  RETURN_IF_ERROR(runtime.spend_bytes(text.text.size()));
  TextBuilder out;
  const auto insert = [&](bool inside_untrusted) {
    if (inside_untrusted) {
      out.append(fresh.text, true);
    } else {
      out.append(fresh);
    }
  };
  size_t at = 0;
  for (int64_t done = 0; (count < 0 || done < count) && !out.overflowed(); ++done) {
    RETURN_IF_ERROR(runtime.spend(1));
    if (old.text.empty()) {  // before each character, and at the end
      insert(is_tainted(text));
      if (at == text.text.size()) break;
      const size_t size = decode_char(text.text, at).length;
      out.append(text, at, at + size);
      at += size;
      continue;
    }
    const size_t found = find_bytes(text.text, old.text, at);
    if (found == std::string::npos) break;
    out.append(text, at, found);
    insert(overlaps_untrusted(text, found, found + old.text.size()));
    at = found + old.text.size();
  }
  out.append(text, at, text.text.size());
  if (!is_tainted(old) || out.overflowed()) return runtime.finish(out);
  return runtime.text(all_untrusted(out.take()));
}

Result<Value> split(Runtime& runtime, const PromptText& text, const PromptText* separator, int64_t limit,
                    bool from_right) {
  std::vector<Piece> pieces;
  if (!separator) {
    RETURN_IF_ERROR(runtime.spend_bytes(text.text.size()));
    pieces = from_right ? words_from_right(text.text, limit) : words(text.text, limit);
  } else if (separator->text.empty()) {
    return type_error("split(): the separator is empty");
  } else {
    const size_t factor = from_right ? separator->text.size() : 1;
    RETURN_IF_ERROR(runtime.spend(text.text.size() / kBytesPerStep * factor));
    pieces = from_right ? cut_from_right(text.text, separator->text, limit)
                        : cut(text.text, separator->text, limit);
  }
  std::vector<Value> items;
  for (const Piece piece : pieces) {
    ASSIGN_OR_RETURN(Value item, piece_of(runtime, text, piece, separator && is_tainted(*separator)));
    items.push_back(std::move(item));
  }
  return runtime.sequence(std::move(items));
}

Result<std::vector<Value>> split_lines(Runtime& runtime, const PromptText& text, bool keep_ends) {
  std::vector<Value> lines;
  for (size_t begin = 0; begin < text.text.size();) {
    size_t end = begin;
    Utf8Char c;
    while (end < text.text.size() && !is_line_end((c = decode_char(text.text, end)).code)) end += c.length;
    size_t next = end == text.text.size() ? end : end + c.length;
    if (c.code == '\r' && next < text.text.size() && text.text[next] == '\n') ++next;
    ASSIGN_OR_RETURN(Value line, piece_of(runtime, text, {begin, keep_ends ? next : end}, false));
    lines.push_back(std::move(line));
    begin = next;
  }
  return lines;
}

Result<Value> change_case(Runtime& runtime, const PromptText& text, Case wanted) {
  RETURN_IF_ERROR(runtime.spend_walk(text.text.size()));
  TextBuilder out;
  SpanCursor cursor(text);
  std::string mapped;
  bool word_start = true;  // str.title(): a cased letter after an uncased one
  for (size_t at = 0; at < text.text.size();) {
    const Utf8Char c = decode_char(text.text, at);
    const bool upper = wanted == Case::upper || (wanted == Case::capitalize && at == 0) ||
                       (wanted == Case::title && word_start);
    mapped.clear();
    if (upper) {
      append_upper(mapped, c.code);
    } else {
      append_lower(mapped, c.code);
    }
    word_start = !is_upper(c.code) && !is_lower(c.code);
    out.append(mapped, cursor.untrusted(at));
    at += c.length;
  }
  return runtime.finish(out);
}

}  // namespace understudy::jinja
