#include "grammar/schema_document.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

namespace json = boost::json;
using Dialect = SchemaDocument::Dialect;

SchemaDocument document(const char* text) {
  auto out = SchemaDocument::create(json::parse(text));
  EXPECT_TRUE(out) << text;
  return std::move(*out);
}

// What `reference` in the schema at `from` leads to, as JSON; or the error.
std::string leads_to(const SchemaDocument& d, const json::value& from, std::string_view reference) {
  const auto found = d.resolve(from, reference);
  return found ? json::serialize(**found) : found.error().message();
}
std::string leads_to(const SchemaDocument& d, std::string_view reference) {
  return leads_to(d, d.root(), reference);
}

TEST(SchemaDocument, DialectIsNamedBySchema) {
  EXPECT_EQ(document("{}").dialect(), Dialect::latest);
  EXPECT_EQ(document("true").dialect(), Dialect::latest);
  EXPECT_EQ(document(R"({"$schema":"https://json-schema.org/draft/2020-12/schema"})").dialect(),
            Dialect::draft_2019);
  EXPECT_EQ(document(R"({"$schema":"https://json-schema.org/draft/2019-09/schema"})").dialect(),
            Dialect::draft_2019);
  EXPECT_EQ(document(R"({"$schema":"http://json-schema.org/draft-07/schema#"})").dialect(), Dialect::draft_7);
  EXPECT_EQ(document(R"({"$schema":"http://json-schema.org/draft-06/schema#"})").dialect(), Dialect::draft_7);
  EXPECT_EQ(document(R"({"$schema":"http://json-schema.org/draft-04/schema#"})").dialect(), Dialect::draft_4);
  EXPECT_TRUE(document(R"({"$schema":"http://json-schema.org/draft-07/schema#"})").ref_hides_others());
  EXPECT_FALSE(document("{}").ref_hides_others());
}

TEST(SchemaDocument, IsAnObjectOrABoolean) {
  for (const char* text : {"[]", "1", "\"x\"", "null"}) {
    const auto refused = SchemaDocument::create(json::parse(text));
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  }
}

TEST(SchemaDocument, PointersLeadInwards) {
  const auto d = document(
      R"({"$defs":{"a/b~":{"x":1},"l":{"anyOf":[{"const":1},true]},"e":{"":{"y":2}}},"a b":{"z":3}})");
  EXPECT_EQ(leads_to(d, "#/$defs/a~1b~0"), R"({"x":1})");
  EXPECT_EQ(leads_to(d, "#/$defs/l/anyOf/0"), R"({"const":1})");
  EXPECT_EQ(leads_to(d, "#/$defs/l/anyOf/1"), "true");
  EXPECT_EQ(leads_to(d, "#/a%20b"), R"({"z":3})");
  EXPECT_EQ(leads_to(d, "#/$defs/e/"), R"({"y":2})");
  EXPECT_EQ(leads_to(d, "#"), json::serialize(d.root()));
  EXPECT_EQ(leads_to(d, ""), json::serialize(d.root()));
  for (const char* wrong : {"#/$defs/none", "#/$defs/l/anyOf/2", "#/$defs/l/anyOf/-1", "#/$defs/l/anyOf/01x",
                            "#nowhere", "#/$defs/l/anyOf", "#/$defs/a~1b~0/x", "#$defs"}) {
    EXPECT_NE(leads_to(d, wrong).find("is no schema here"), std::string::npos)
        << wrong << " " << leads_to(d, wrong);
  }
}

TEST(SchemaDocument, AnchorsAndIds) {
  const auto d = document(R"({"$id":"http://x.org/dir/root.json","$defs":{
    "a":{"$anchor":"here","const":1},
    "b":{"$id":"other.json","$defs":{"c":{"$anchor":"inner","const":2}},"const":3},
    "d":{"$id":"/top.json","const":4},
    "e":{"$id":"urn:uuid:1234","const":5},
    "f":{"$dynamicAnchor":"dyn","const":6}}})");
  EXPECT_EQ(leads_to(d, "#here"), R"({"$anchor":"here","const":1})");
  EXPECT_EQ(leads_to(d, "http://x.org/dir/root.json#here"), R"({"$anchor":"here","const":1})");
  EXPECT_EQ(leads_to(d, "root.json#here"), R"({"$anchor":"here","const":1})");
  EXPECT_EQ(leads_to(d, "other.json#inner"), R"({"$anchor":"inner","const":2})");
  EXPECT_EQ(leads_to(d, "other.json#/$defs/c/const").find("'$ref' leads to"), 0u);
  EXPECT_EQ(leads_to(d, "http://x.org/top.json"), R"({"$id":"/top.json","const":4})");
  EXPECT_EQ(leads_to(d, "urn:uuid:1234"), R"({"$id":"urn:uuid:1234","const":5})");
  EXPECT_EQ(leads_to(d, "#dyn"), R"({"$dynamicAnchor":"dyn","const":6})");
  const json::value& b = d.root().at("$defs").at("b");
  EXPECT_EQ(leads_to(d, b, "#inner"), R"({"$anchor":"inner","const":2})");
  EXPECT_EQ(leads_to(d, b, "root.json#here"), R"({"$anchor":"here","const":1})");
  EXPECT_NE(leads_to(d, b, "#here").find("is no schema here"), std::string::npos);
  EXPECT_NE(leads_to(d, "http://y.org/x").find("leads to another document"), std::string::npos);
}

TEST(SchemaDocument, OldDialects) {
  const auto four = document(
      R"({"$schema":"http://json-schema.org/draft-04/schema#","definitions":{"a":{"id":"#name","type":"null"}}})");
  EXPECT_EQ(leads_to(four, "#name"), R"({"id":"#name","type":"null"})");
  const auto seven = document(
      R"({"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"a":{"$id":"#name","type":"null"},
          "b":{"$id":"http://x.org/hidden","$ref":"#name"}}})");
  EXPECT_EQ(leads_to(seven, "#name"), R"({"$id":"#name","type":"null"})");
  EXPECT_NE(leads_to(seven, "http://x.org/hidden").find("another document"), std::string::npos);
}

TEST(SchemaDocument, DataHoldsNoSchemas) {
  const auto d = document(
      R"({"const":{"$id":"http://x.org/a","$anchor":"k"},"enum":[{"$anchor":"m"}],"default":{"$anchor":"n"}})");
  EXPECT_NE(leads_to(d, "#k").find("is no schema here"), std::string::npos);
  EXPECT_NE(leads_to(d, "#m").find("is no schema here"), std::string::npos);
  EXPECT_NE(leads_to(d, "#n").find("is no schema here"), std::string::npos);
  EXPECT_NE(leads_to(d, "http://x.org/a").find("another document"), std::string::npos);
}

TEST(SchemaDocument, RefusalsNameKeywordAndPath) {
  const auto d = document(R"({"properties":{"a":{"anyOf":[{},{"pattern":"x"}]}}})");
  const json::value& place = d.root().at("properties").at("a").at("anyOf").at(1);
  EXPECT_EQ(d.path_of(d.root()), "#");
  EXPECT_EQ(d.path_of(place), "#/properties/a/anyOf/1");
  const Error error = d.refuse(place, "pattern", "is not what it was");
  EXPECT_EQ(error.code, ErrorCode::unsupported);
  EXPECT_EQ(error.what, "'pattern' is not what it was");
  EXPECT_EQ(error.where, "#/properties/a/anyOf/1");
}

}  // namespace
}  // namespace understudy
