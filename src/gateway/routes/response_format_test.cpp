// `response_format` of a request: what is read, and errors that name the field and say what OpenAI's say.
#include "gateway/routes/response_format.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

namespace json = boost::json;
using Kind = ResponseFormat::Kind;

Result<ResponseFormat> read(const std::string& format) {
  json::object object{{"response_format", json::parse(format)}};
  FieldReader fields(object);
  ASSIGN_OR_RETURN(ResponseFormat read, read_response_format(fields));
  RETURN_IF_ERROR(fields.finish());
  return read;
}

std::string schema_format(const std::string& schema, const std::string& more = "") {
  return R"({"type":"json_schema","json_schema":{"name":"x","schema":)" + schema + more + "}}";
}

TEST(ResponseFormat, Kinds) {
  EXPECT_EQ(read("null")->kind, Kind::text);
  EXPECT_EQ(read(R"({"type":"text"})")->kind, Kind::text);
  EXPECT_EQ(read(R"({"type":"json_object"})")->kind, Kind::json_object);
  EXPECT_EQ(read(R"({"type":"json_object"})")->schema, json::parse(R"({"type":"object"})"));
  ResponseFormat format =
      read(schema_format(R"({"type":"integer"})", R"(,"description":"d","strict":false,"abstain":true)"))
          .value();
  EXPECT_EQ(format.kind, Kind::json_schema);
  EXPECT_EQ(format.name, "x");
  EXPECT_EQ(format.schema, json::parse(R"({"type":"integer"})"));
  EXPECT_TRUE(format.abstain && !format.strict);
  EXPECT_FALSE(read(schema_format("{}", R"(,"strict":null)"))->abstain);
}

TEST(ResponseFormat, ErrorsNameTheField) {
  struct {
    const char* format;
    const char* where;
  } cases[] = {
      {R"("json")", "response_format"},
      {R"([])", "response_format"},
      {R"({})", "response_format.type"},
      {R"({"type":1})", "response_format.type"},
      {R"({"type":"grammar"})", "response_format.type"},
      {R"({"type":"json_schema"})", "response_format.json_schema"},
      {R"({"type":"json_schema","json_schema":[]})", "response_format.json_schema"},
      {R"({"type":"json_schema","json_schema":{"schema":{}}})", "response_format.json_schema.name"},
      {R"({"type":"json_schema","json_schema":{"name":"a b","schema":{}}})",
       "response_format.json_schema.name"},
      {R"({"type":"json_schema","json_schema":{"name":"x"}})", "response_format.json_schema.schema"},
      {R"({"type":"json_schema","json_schema":{"name":"x","schema":true}})",
       "response_format.json_schema.schema"},
      {R"({"type":"json_schema","json_schema":{"name":"x","schema":{},"strict":1}})",
       "response_format.json_schema.strict"},
      {R"({"type":"json_schema","json_schema":{"name":"x","schema":{},"abstain":"yes"}})",
       "response_format.json_schema.abstain"},
      {R"({"type":"json_schema","json_schema":{"name":"x","schema":{},"stric":true}})",
       "response_format.json_schema.stric"},
      {R"({"type":"json_schema","json_schema":{"name":"x","schema":{}},"schema":{}})",
       "response_format.schema"},
  };
  for (const auto& entry : cases) {
    auto format = read(entry.format);
    ASSERT_FALSE(format.ok()) << entry.format;
    EXPECT_EQ(format.error().where, entry.where) << entry.format;
    EXPECT_EQ(format.error().code, ErrorCode::invalid_argument) << entry.format;
  }
}

TEST(ResponseFormat, StrictRulesAreOpenAis) {
  const std::string begin = "Invalid schema for 'response_format.json_schema.schema': In context=(";
  const std::string additional = "), 'additionalProperties' is required to be supplied and to be false";
  const std::string required =
      "), 'required' is required to be supplied and to be an array including every key in properties. "
      "Missing ";
  struct {
    const char* schema;
    std::string context, complaint;
  } cases[] = {
      {R"({"type":"object"})", "", additional},
      {R"({"type":"object","additionalProperties":true})", "", additional},
      {R"({"type":["object","null"]})", "", additional},
      {R"({"type":"object","additionalProperties":false,"properties":{"a":{}}})", "", required + "'a'"},
      {R"({"type":"object","additionalProperties":false,"properties":{"a":{},"b":{}},"required":["a"]})", "",
       required + "'b'"},
      {R"({"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"object"}}})",
       "'properties', 'a'", additional},
      {R"({"type":"array","items":{"type":"object"}})", "'items'", additional},
      {R"({"anyOf":[{"type":"null"},{"type":"object"}]})", "'anyOf'", additional},
      {R"({"$defs":{"s":{"type":"object"}},"$ref":"#/$defs/s"})", "'$defs', 's'", additional},
      {R"({"type":"array","items":{"anyOf":[{"type":"array","items":{"type":"object"}}]}})",
       "'items', 'anyOf', 'items'", additional},
  };
  for (const auto& entry : cases) {
    auto format = read(schema_format(entry.schema, R"(,"strict":true)"));
    ASSERT_FALSE(format.ok()) << entry.schema;
    EXPECT_EQ(format.error().what, begin + entry.context + entry.complaint);
    EXPECT_EQ(format.error().where, "response_format.json_schema.schema");
    EXPECT_TRUE(read(schema_format(entry.schema)).ok()) << entry.schema;
  }
  const char* good = R"({"type":"object","additionalProperties":false,"required":["a"],"properties":{
      "a":{"type":"object","additionalProperties":false,"properties":{}}}})";
  EXPECT_TRUE(read(schema_format(good, R"(,"strict":true)")).ok());
}

}  // namespace
}  // namespace understudy
