#include "app/catalog.h"

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace understudy {
namespace {

// A missing or impossible field is "" or 0.
ModelPart parse_part(toml::node_view<const toml::node> table) {
  const auto bytes = table["bytes"].value_or(int64_t{0});
  return {table["path"].value_or(std::string()), bytes > 0 ? static_cast<uint64_t>(bytes) : 0,
          table["sha256"].value_or(std::string())};
}

Result<CatalogEntry> parse_entry(const toml::table& table, size_t number) {
  CatalogEntry entry;
  entry.name = table["name"].value_or(std::string());
  std::string where = fmt::format("catalog.toml, model {} {:?}", number, entry.name);
  auto corrupt = [&](const char* what) { return Error{ErrorCode::corrupt, what, where, ""}; };

  entry.about = table["about"].value_or(std::string());
  entry.licence = table["licence"].value_or(std::string());
  if (!check_model_name(entry.name).ok()) return corrupt("'name' is not a model name");
  if (entry.licence.empty()) return corrupt("'licence' is missing");
  if (const toml::array* files = table["files"].as_array()) {
    for (const toml::node& file : *files) {
      const ModelPart part = parse_part(toml::node_view(file));
      if (!is_part_path(part.path) || !is_sha256(part.sha256) || part.bytes == 0) {
        return corrupt("an entry of 'files' is not {path, bytes, sha256}");
      }
      entry.bytes += part.bytes;
      entry.files.push_back(part);
    }
    entry.sha256 = folder_sha256(entry.files);
  } else {
    const ModelPart whole = parse_part(toml::node_view(table));
    if (!is_sha256(whole.sha256)) return corrupt("'sha256' is not 64 lower-case hex digits");
    if (whole.bytes == 0) return corrupt("'bytes' is not a size");
    entry.sha256 = whole.sha256;
    entry.bytes = whole.bytes;
  }
  if (const toml::array* sources = table["sources"].as_array()) {
    for (const toml::node& source : *sources) entry.sources.push_back(source.value_or(std::string()));
  }
  if (entry.sources.empty()) return corrupt("'sources' is empty");
  return entry;
}

}  // namespace

Result<std::vector<CatalogEntry>> parse_catalog(std::string_view text) {
  toml::parse_result parsed = toml::parse(text, std::string_view("catalog.toml"));
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Error{ErrorCode::corrupt, std::string(error.description()),
                 fmt::format("catalog.toml:{}", error.source().begin.line), ""};
  }
  std::vector<CatalogEntry> entries;
  const toml::array* models = parsed.table()["model"].as_array();
  if (models == nullptr) return Error{ErrorCode::corrupt, "no [[model]] entry", "catalog.toml", ""};
  for (const toml::node& node : *models) {
    const toml::table* table = node.as_table();
    if (table == nullptr)
      return Error{ErrorCode::corrupt, "'model' is not a list of tables", "catalog.toml", ""};
    ASSIGN_OR_RETURN(CatalogEntry entry, parse_entry(*table, entries.size() + 1));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<std::vector<CatalogEntry>> catalog() { return parse_catalog(kCatalogText); }

}  // namespace understudy
