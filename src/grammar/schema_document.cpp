#include "grammar/schema_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace understudy {

namespace json = boost::json;

namespace {

// What they hold is data, not schemas.
constexpr std::array<std::string_view, 4> kDataKeywords{"const", "enum", "default", "examples"};

struct Uri {
  std::string_view document, fragment;
};

Uri split(std::string_view uri) {
  const size_t hash = std::min(uri.find('#'), uri.size());
  return {uri.substr(0, hash), uri.substr(std::min(hash + 1, uri.size()))};
}

// RFC 3986, 5.2, for what $id and $ref hold: absolute ones, absolute paths and names beside the base.
std::string joined(std::string_view base, std::string_view reference) {
  if (reference.empty()) return std::string(base);
  const size_t colon = reference.find(':');
  if (colon != std::string_view::npos && colon < reference.find('/')) return std::string(reference);
  const size_t scheme = base.find("://");
  const size_t path =
      scheme == std::string_view::npos ? 0 : std::min(base.find('/', scheme + 3), base.size());
  if (reference[0] == '/') return std::string(base.substr(0, path)) + std::string(reference);
  const size_t slash = base.rfind('/');
  const bool has_path = slash != std::string_view::npos && slash >= path;
  return std::string(base.substr(0, has_path ? slash + 1 : path)) + (has_path || path == 0 ? "" : "/") +
         std::string(reference);
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    unsigned code = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, code, 16).ptr == &text[i + 1] + 2) {
      out += static_cast<char>(code);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

const json::value* follow(const json::value* at, std::string_view pointer) {
  while (!pointer.empty()) {
    if (pointer[0] != '/') return nullptr;
    const size_t end = std::min(pointer.find('/', 1), pointer.size());
    std::string name;
    for (size_t i = 1; i < end; i++) {
      const bool escape =
          pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1');
      name += escape ? (pointer[i + 1] == '0' ? '~' : '/') : pointer[i];
      i += escape ? 1 : 0;
    }
    if (at->is_object()) {
      at = at->get_object().if_contains(name);
    } else if (at->is_array()) {
      size_t index = 0;
      const auto [last, error] = std::from_chars(name.data(), name.data() + name.size(), index);
      const bool valid = error == std::errc() && last == name.data() + name.size();
      at = valid && index < at->get_array().size() ? &at->get_array()[index] : nullptr;
    } else {
      at = nullptr;
    }
    if (!at) return nullptr;
    pointer.remove_prefix(end);
  }
  return at;
}

// A name in a JSON pointer (RFC 6901).
std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

const json::string* text_of(const json::object& schema, std::string_view keyword) {
  const json::value* value = schema.if_contains(keyword);
  return value ? value->if_string() : nullptr;
}

Result<SchemaDocument::Dialect> dialect_of(const json::value& root) {
  using Dialect = SchemaDocument::Dialect;
  const json::string* name = root.is_object() ? text_of(root.get_object(), "$schema") : nullptr;
  if (!name) return Dialect::latest;
  const std::string_view text(*name);
  if (text.find("draft-04") != std::string_view::npos) return Dialect::draft_4;
  for (std::string_view old : {"draft-06", "draft-07"}) {
    if (text.find(old) != std::string_view::npos) return Dialect::draft_7;
  }
  for (std::string_view recent : {"2019-09", "2020-12"}) {
    if (text.find(recent) != std::string_view::npos) return Dialect::draft_2019;
  }
  return Dialect::latest;
}

}  // namespace

Result<SchemaDocument> SchemaDocument::create(json::value schema) {
  if (!schema.is_object() && !schema.is_bool()) {
    return Error{ErrorCode::invalid_argument, "A JSON schema is an object, true or false", "#", ""};
  }
  SchemaDocument out;
  out.root_ = std::make_unique<json::value>(std::move(schema));
  ASSIGN_OR_RETURN(out.dialect_, dialect_of(*out.root_));
  out.index();
  return out;
}

void SchemaDocument::index() {
  struct Place {
    const json::value* at;
    std::string base;
  };
  std::vector<Place> work{{root_.get(), ""}};
  by_uri_[""] = root_.get();
  while (!work.empty()) {
    auto [at, base] = std::move(work.back());
    work.pop_back();
    if (at->is_array()) {
      for (const json::value& item : at->get_array()) work.push_back({&item, base});
    }
    if (!at->is_object()) continue;
    const json::object& schema = at->get_object();
    const json::string* id = text_of(schema, dialect_ == Dialect::draft_4 ? "id" : "$id");
    if (id && !(ref_hides_others() && schema.contains("$ref"))) {
      const Uri uri = split(*id);
      if (!uri.document.empty()) {
        base = joined(base, uri.document);
        by_uri_.emplace(base, at);
      }
      if (!uri.fragment.empty()) by_uri_.emplace(base + '#' + std::string(uri.fragment), at);
    }
    for (std::string_view keyword : {"$anchor", "$dynamicAnchor"}) {
      if (const json::string* anchor = text_of(schema, keyword)) {
        by_uri_.emplace(base + '#' + std::string(*anchor), at);
      }
    }
    if (!base.empty()) base_of_[at] = base;
    for (const auto& member : schema) {
      const bool data = std::find(kDataKeywords.begin(), kDataKeywords.end(),
                                  std::string_view(member.key())) != kDataKeywords.end();
      if (!data) work.push_back({&member.value(), base});
    }
  }
}

Result<const json::value*> SchemaDocument::resolve(const json::value& from,
                                                   std::string_view reference) const {
  const Uri uri = split(reference);
  const auto base = base_of_.find(&from);
  const std::string own = base == base_of_.end() ? "" : base->second;
  const std::string document = uri.document.empty() ? own : joined(own, uri.document);
  const std::string fragment = percent_decoded(uri.fragment);
  const json::value* target = nullptr;
  if (const auto anchor = by_uri_.find(document + '#' + fragment); anchor != by_uri_.end()) {
    target = anchor->second;
  } else if (const auto root = by_uri_.find(document); root != by_uri_.end()) {
    target = follow(root->second, fragment);
  } else {
    return refuse(from, "$ref", fmt::format("leads to another document, '{}'", reference));
  }
  if (target && (target->is_object() || target->is_bool())) return target;
  Error error = refuse(from, "$ref", fmt::format("leads to '{}', which is no schema here", reference));
  error.code = ErrorCode::invalid_argument;
  return error;
}

std::string SchemaDocument::path_of(const json::value& place) const {
  struct Step {
    const json::value* at;
    std::string path;
  };
  std::vector<Step> work{{root_.get(), "#"}};
  while (!work.empty()) {
    auto [at, path] = std::move(work.back());
    work.pop_back();
    if (at == &place) return path;
    if (at->is_array()) {
      for (size_t i = 0; i < at->get_array().size(); i++) {
        work.push_back({&at->get_array()[i], fmt::format("{}/{}", path, i)});
      }
    } else if (at->is_object()) {
      for (const auto& member : at->get_object()) {
        work.push_back({&member.value(), path + "/" + escaped(member.key())});
      }
    }
  }
  return "#";
}

Error SchemaDocument::refuse(const json::value& place, std::string_view keyword, std::string_view why) const {
  return {ErrorCode::unsupported, fmt::format("'{}' {}", keyword, why), path_of(place), ""};
}

}  // namespace understudy
