// A JSON Schema document: its dialect, where its references lead, and the names of its places.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

class SchemaDocument {
 public:
  enum class Dialect {
    latest,      // no $schema: 2020-12, and what older drafts say where 2020-12 says nothing
    draft_2019,  // 2019-09 and 2020-12
    draft_7,     // 6 and 7: $ref hides what stands beside it
    draft_4,     // and $id is written id
  };

  // Errors: unsupported ($schema of an unknown dialect), invalid_argument (neither object nor boolean).
  static Result<SchemaDocument> create(boost::json::value schema);
  SchemaDocument(SchemaDocument&&) = default;

  const boost::json::value& root() const { return *root_; }
  Dialect dialect() const { return dialect_; }
  bool ref_hides_others() const { return dialect_ == Dialect::draft_7 || dialect_ == Dialect::draft_4; }

  // The schema that `reference`, found in the schema `from`, means. Errors: not_found, unsupported (another
  // document); `where` is the path.
  Result<const boost::json::value*> resolve(const boost::json::value& from, std::string_view reference) const;
  // "#/properties/a"; of a value of this document.
  std::string path_of(const boost::json::value& place) const;
  // Error about `keyword` of the schema at `place`.
  Error refuse(const boost::json::value& place, std::string_view keyword, std::string_view why) const;

 private:
  SchemaDocument() = default;
  void index();

  std::unique_ptr<boost::json::value> root_;  // its address is kept
  Dialect dialect_ = Dialect::latest;
  std::map<std::string, const boost::json::value*, std::less<>> by_uri_;  // without an empty fragment
  std::map<const boost::json::value*, std::string> base_of_;              // schemas inside an embedded one
};

}  // namespace understudy
