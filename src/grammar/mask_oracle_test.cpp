// Every mask that random walks over some 400 grammars meet, against trying each token alone; and from every
// place a way to an end. Vocabularies are synthetic: all bytes, and pieces that begin and end where JSON hurts.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <random>

#include "grammar/answer_rules.h"
#include "grammar/matcher.h"
#include "grammar/schema_compiler.h"

namespace understudy {
namespace {

using Random = std::mt19937_64;

template <typename List>
const auto& pick(const List& list, Random& random) {
  return list[random() % std::size(list)];
}

std::vector<std::string> vocabulary(size_t pieces, Random& random) {
  std::vector<std::string> out;
  for (int byte = 0; byte < 256; byte++) out.emplace_back(1, static_cast<char>(byte));
  const std::vector<std::string> fixed{"\":\"",
                                       "\",\"",
                                       "\"},{\"",
                                       "\":",
                                       "\",",
                                       "],",
                                       "}]",
                                       "}}",
                                       "[[",
                                       "{\"",
                                       "[\"",
                                       "\"]",
                                       "\"}",
                                       "true",
                                       "false",
                                       "null",
                                       "tru",
                                       "e,",
                                       "l]",
                                       "\\u00",
                                       "\\u001f",
                                       "\\n",
                                       "\\\"",
                                       "\\\\",
                                       "\\",
                                       "1.5",
                                       "-1",
                                       "10",
                                       "0.",
                                       "1e",
                                       "00",
                                       ",1",
                                       "1,2",
                                       "1]",
                                       "1}",
                                       "a\":1,\"b",
                                       "b\":2,\"c\":",
                                       "a\":\"b\",\"a\":",
                                       "\"a\":1",
                                       "\"a\",\"b\"",
                                       "\"a\",\"a\"",
                                       "x\":1,\"x\":",
                                       "x\":1,\"y\":",
                                       "\xc3",
                                       "\xc3\xa9",
                                       "\xa9"
                                       "a",
                                       "\xe2\x82",
                                       "\xf0\x9f",
                                       "\x98\x80",
                                       "\xf0\x9f\x98\x80\"",
                                       "\xe2\x82\xac\",\"",
                                       "\":{\"",
                                       "\":[",
                                       "[]",
                                       "{}",
                                       "[{",
                                       "\"\"",
                                       "\"\",\"\""};
  out.insert(out.end(), fixed.begin(), fixed.end());
  const std::vector<std::string> parts{
      "\"",   "\"",       ":",     ",",    "{",    "}",     "[",     "]",    "a",    "b",    "c",    "x",
      "y",    "ab",       "aa",    "0",    "1",    "2",     "5",     "9",    ".",    "-",    "e",    "\\",
      "u",    "00",       "\\u00", "\\n",  "\\\"", "t",     "true",  "null", "\xc3", "\xa9", "\xe2", "\x82",
      "\xac", "\xf0\x9f", "\x98",  "\x80", "\":",  "\",\"", "\":\"", ",\"",  " "};
  while (out.size() < pieces) {
    std::string piece;
    for (size_t n = 2 + random() % 5; n > 0; n--) piece += pick(parts, random);
    out.push_back(piece);
  }
  out.emplace_back();  // a control token: never let through
  return out;
}

// Schemas that are hard in one way each.
const std::vector<std::string> kSchemas{
    R"({})",
    R"(true)",
    R"({"type":"string"})",
    R"({"type":"string","minLength":3})",
    R"({"type":"string","maxLength":0})",
    R"({"type":"string","maxLength":2})",
    R"({"type":"string","minLength":1,"maxLength":4})",
    R"({"type":"string","minLength":2,"maxLength":2})",
    R"({"type":"string","pattern":"^a+$","maxLength":5})",
    R"({"type":"string","pattern":"^a{3,}$","minLength":2,"maxLength":6})",
    R"({"type":"string","pattern":"^(ab)*$","minLength":3,"maxLength":7})",
    R"({"type":"string","pattern":"^(abc|a)*$","minLength":4,"maxLength":5})",
    R"({"type":"string","pattern":"^(aa|bbb)+$","maxLength":9})",
    R"({"type":"string","pattern":"a.*b","minLength":4,"maxLength":6})",
    R"({"type":"string","pattern":"^[^a]{2,3}$"})",
    R"({"type":"string","pattern":"^\\p{L}+$","maxLength":3})",
    R"({"type":"string","pattern":"^[\\u0000-\\u001f\"\\\\]*$","maxLength":4})",
    R"({"type":"string","pattern":"\\n"})",
    R"({"type":"string","pattern":"^[\\u00e9\\u20ac\\u{1f600}]+$"})",
    R"({"type":"string","pattern":"^[\\u00e9\\u20ac\\u{1f600}]*$","minLength":2,"maxLength":3})",
    R"({"type":"string","format":"date"})",
    R"({"type":"string","format":"ipv4"})",
    R"({"type":"string","format":"uuid"})",
    R"({"type":"string","not":{"pattern":"b"}})",
    R"({"enum":["a","ab","abc","b","\n","é",1,1.5,true,null,[1,"a"],{"a":1}]})",
    R"({"const":"\"\\\u0001"})",
    R"({"type":"integer"})",
    R"({"type":"number"})",
    R"({"type":"integer","minimum":-5,"maximum":15})",
    R"({"type":"number","exclusiveMinimum":0,"maximum":1.5})",
    R"({"type":"number","multipleOf":0.25,"minimum":0.5,"maximum":2})",
    R"({"type":"integer","multipleOf":7,"minimum":100,"maximum":200})",
    R"({"type":["integer","string"],"minLength":2,"maximum":9})",
    R"({"type":"array","items":{"type":"integer"}})",
    R"({"type":"array","items":{"enum":["a","b"]},"uniqueItems":true})",
    R"({"type":"array","items":{"enum":["a","b","c"]},"uniqueItems":true,"minItems":2})",
    R"({"type":"array","items":{"enum":["a","b","c"]},"uniqueItems":true,"minItems":3})",
    R"({"type":"array","items":{"type":"boolean"},"uniqueItems":true,"minItems":1})",
    R"({"type":"array","items":{"type":"integer"},"uniqueItems":true,"minItems":2,"maxItems":4})",
    R"({"type":"array","items":{"type":"string"},"uniqueItems":true})",
    R"({"type":"array","items":{"type":"string","maxLength":2},"uniqueItems":true,"minItems":2})",
    R"({"type":"array","items":{"type":"string","pattern":"^a*$","maxLength":2},"uniqueItems":true})",
    R"({"type":"array","items":{"type":["string","integer","null"]},"uniqueItems":true,"minItems":1})",
    R"({"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"items":false})",
    R"({"type":"array","items":{"type":"integer","maximum":30,"minimum":0},"contains":{"minimum":20}})",
    R"({"type":"array","items":{"type":"integer"},"contains":{"const":1},"minContains":2,"maxItems":3})",
    R"({"type":"array","items":{"enum":[1,2,"a"]},"contains":{"const":1},"minContains":1,"maxContains":2,"minItems":3,"maxItems":5})",
    R"({"type":"array","items":{"enum":[1,2,"a"]},"contains":{"type":"string"},"minContains":0,"maxContains":1})",
    R"({"type":"array","prefixItems":[{"const":1},{"const":2}],"items":{"type":"integer"},"contains":{"minimum":5},"minContains":2,"maxItems":4})",
    R"({"type":"array","items":{"enum":["a","b"]},"contains":{"const":"a"},"uniqueItems":true})",
    R"({"type":"array","items":{"enum":["a","b","c"]},"contains":{"enum":["a","b"]},"minContains":2,"uniqueItems":true})",
    R"({"type":"array","items":{"enum":[1,2,3,4]},"contains":{"maximum":2},"maxContains":1,"minItems":2,"uniqueItems":true})",
    R"({"type":"array","items":{"type":"string","maxLength":0},"uniqueItems":true})",
    R"({"type":"array","items":{"type":"string","pattern":"^[\\n\"]$"},"uniqueItems":true,"minItems":2})",
    R"({"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":2})",
    R"({"type":"array","items":{"type":"array","items":{"type":"string","maxLength":1}},"maxItems":2})",
    R"({"type":"object"})",
    R"({"type":"object","additionalProperties":{"type":"integer"}})",
    R"({"type":"object","additionalProperties":{"type":"integer"},"minProperties":2,"maxProperties":3})",
    R"({"type":"object","additionalProperties":false})",
    R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"additionalProperties":false})",
    R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["b"],"additionalProperties":false})",
    R"({"type":"object","properties":{"a":{"type":"integer"},"ab":{"type":"string"},"b":true},"required":["ab"]})",
    R"({"type":"object","properties":{"a":{"type":"integer"}},"required":["z","a"]})",
    R"({"type":"object","properties":{"\"\\\n":{"type":"integer"},"é":{"type":"null"}},"additionalProperties":{"type":"null"}})",
    R"({"type":"object","properties":{"a":{},"b":{},"c":{}},"additionalProperties":false,"minProperties":2})",
    R"({"type":"object","properties":{"a":{},"b":{},"c":{}},"additionalProperties":false,"maxProperties":1})",
    R"({"type":"object","properties":{"a":{"const":1},"b":{"const":1},"c":{"const":1}},"required":["c"],"maxProperties":2,"minProperties":2})",
    R"({"type":"object","properties":{"a":false,"b":{"const":1}},"maxProperties":2})",
    R"({"type":"object","patternProperties":{"^(a|b)$":{"type":"integer"}},"additionalProperties":false,"minProperties":2})",
    R"({"type":"object","patternProperties":{"^(a|b)$":{"type":"integer"}},"additionalProperties":false,"minProperties":1})",
    R"({"type":"object","patternProperties":{"^[ab]$":{"const":1},"^[bc]$":{"type":"integer"}},"additionalProperties":false,"minProperties":3})",
    R"({"type":"object","patternProperties":{"^a":{"type":"integer"},"b$":{"minimum":5}},"additionalProperties":{"type":"string"}})",
    R"({"type":"object","properties":{"a":{"const":1}},"patternProperties":{"^a?$":{"type":"integer"}},"additionalProperties":false,"minProperties":2})",
    R"({"type":"object","propertyNames":{"maxLength":1},"additionalProperties":{"const":1},"minProperties":2})",
    R"({"type":"object","propertyNames":{"enum":["a","b"]},"additionalProperties":{"const":1},"minProperties":2})",
    R"({"type":"object","propertyNames":{"pattern":"^[ab]*$"},"additionalProperties":{"const":1}})",
    R"({"anyOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false},
                 {"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},"required":["a"],"additionalProperties":false}]})",
    R"({"oneOf":[{"type":"object","properties":{"k":{"const":"a"},"x":{"type":"integer"}},"required":["k"]},
                 {"type":"object","properties":{"k":{"const":"b"},"x":{"type":"string"}},"required":["k","x"]}]})",
    R"({"anyOf":[{"type":"object","additionalProperties":{"type":"integer"},"maxProperties":2},
                 {"type":"object","additionalProperties":{"type":"string"},"minProperties":1}]})",
    R"({"oneOf":[{"type":"integer","multipleOf":2},{"type":"integer","multipleOf":3}]})",
    R"({"oneOf":[{"type":"string","maxLength":2},{"type":"string","pattern":"^a"}]})",
    R"({"anyOf":[{"type":"string","maxLength":2},{"type":"string","pattern":"^a","minLength":4}]})",
    R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"const":1}},"dependentRequired":{"a":["b"]},"additionalProperties":false})",
    R"({"type":"object","properties":{"a":{"type":"integer"}},"if":{"properties":{"a":{"const":1}}},"then":{"required":["b"]},"else":{"required":["c"]}})",
    R"({"$defs":{"n":{"type":"object","properties":{"v":{"type":"integer"},"n":{"$ref":"#/$defs/n"}},"required":["v"],"additionalProperties":false}},"$ref":"#/$defs/n"})",
    R"({"$defs":{"t":{"type":"array","items":{"$ref":"#/$defs/t"}}},"$ref":"#/$defs/t"})",
    R"({"$defs":{"t":{"anyOf":[{"type":"integer"},{"type":"array","items":{"$ref":"#/$defs/t"},"minItems":1}]}},"$ref":"#/$defs/t"})",
    R"({"type":"object","properties":{"a":{"not":{"type":"string"}},"b":{"not":{"enum":[1,"a",null]}}},"required":["a","b"]})",
    R"({"not":{"type":["object","array"]}})",
};

// Random schemas over few letters, so that alternatives overlap.
class Generator {
 public:
  explicit Generator(Random& random) : random_(random) {}

  std::string schema(int depth) {
    switch (random_() % (depth > 0 ? 9 : 4)) {
      case 0:
        return number();
      case 1:
        return string();
      case 2:
        return constants();
      case 3:
        return pick(kPlain, random_);
      case 4:
        return array(depth);
      case 5:
      case 6:
        return object(depth);
      case 7:
        return combined(depth);
      default:
        return any_number_of_kinds(depth);
    }
  }

 private:
  static constexpr const char* kPlain[] = {R"({"type":"boolean"})",          R"({"type":"null"})",
                                           R"({"type":"integer"})",          R"({"type":"string"})",
                                           R"({"type":["integer","null"]})", "true"};
  static constexpr const char* kPatterns[] = {"^a",      "b$",          "^[ab]*$",     "^(ab|ba)+$",
                                              "^a{2,}$", "^[^a]*$",     "^(a|bb|x)*$", "^x?y?$",
                                              "c",       "^[ab]{1,2}$", "^\\\\w+$",    "^.b*$"};
  static constexpr const char* kKeys[] = {"a", "b", "c", "ab", "x", "aa", "\\\"", "é", ""};

  int upto(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n + 1)); }
  bool maybe() { return random_() % 2 == 0; }
  static std::string member(std::string& out, const std::string& name, const std::string& value) {
    out += ",\"" + name + "\":" + value;
    return out;
  }
  static std::string quoted(const std::string& text) { return "\"" + text + "\""; }

  std::string number() {
    std::string out = std::string(R"({"type":")") + (maybe() ? "integer" : "number") + "\"";
    if (maybe()) member(out, maybe() ? "minimum" : "exclusiveMinimum", std::to_string(upto(40) - 20));
    if (maybe())
      member(out, maybe() ? "maximum" : "exclusiveMaximum", std::to_string(upto(40)) + (maybe() ? ".5" : ""));
    if (upto(3) == 0)
      member(out, "multipleOf", pick(std::vector<std::string>{"2", "3", "0.5", "7", "2.5"}, random_));
    return out + "}";
  }
  std::string string() {
    std::string out = R"({"type":"string")";
    const int low = upto(3);
    if (maybe()) member(out, "minLength", std::to_string(low));
    if (maybe()) member(out, "maxLength", std::to_string(low + upto(3)));
    if (maybe()) member(out, "pattern", quoted(pick(kPatterns, random_)));
    if (upto(4) == 0) member(out, "not", R"({"pattern":")" + std::string(pick(kPatterns, random_)) + "\"}");
    return out + "}";
  }
  std::string constants() {
    const std::vector<std::string> values{"1",         "2",       "12",    "-1",   "0.5",   "\"a\"",
                                          "\"ab\"",    "\"\\n\"", "true",  "null", "[1,2]", "[]",
                                          "{\"a\":1}", "{}",      "\"é\"", "\"\""};
    std::string out;
    for (int n = 1 + upto(4); n > 0; n--) out += (out.empty() ? "" : ",") + pick(values, random_);
    return "{\"enum\":[" + out + "]}";
  }
  std::string array(int depth) {
    std::string out = R"({"type":"array")";
    const bool unique = upto(3) == 0;
    member(out, "items",
           unique ? (maybe()   ? constants()
                     : maybe() ? string()
                               : R"({"type":"integer"})")
                  : schema(depth - 1));
    if (unique) member(out, "uniqueItems", "true");
    if (!unique && upto(3) == 0)
      member(out, "prefixItems", "[" + schema(depth - 1) + "," + schema(depth - 1) + "]");
    if (upto(3) == 0) {
      member(out, "contains", maybe() ? constants() : schema(0));
      if (maybe()) member(out, "minContains", std::to_string(upto(2)));
      if (maybe()) member(out, "maxContains", std::to_string(1 + upto(2)));
    }
    const int low = upto(2);
    if (maybe()) member(out, "minItems", std::to_string(low));
    if (maybe()) member(out, "maxItems", std::to_string(low + upto(3)));
    return out + "}";
  }
  std::string object(int depth) {
    std::string out = R"({"type":"object")", properties, required;
    std::vector<std::string> keys(std::begin(kKeys), std::end(kKeys));
    std::shuffle(keys.begin(), keys.end(), random_);
    const size_t named = random_() % 5;
    for (size_t i = 0; i < named; i++) {
      properties += (i ? "," : "") + quoted(keys[i]) + ":" + schema(depth - 1);
      if (maybe()) required += (required.empty() ? "" : ",") + quoted(keys[i]);
    }
    if (upto(5) == 0) required += (required.empty() ? "" : ",") + quoted(keys.back());
    member(out, "properties", "{" + properties + "}");
    if (!required.empty()) member(out, "required", "[" + required + "]");
    if (upto(2) == 0)
      member(out, "patternProperties",
             "{" + quoted(pick(kPatterns, random_)) + ":" + schema(depth - 1) + "}");
    if (upto(3) > 0) member(out, "additionalProperties", maybe() ? "false" : schema(0));
    if (upto(3) == 0) member(out, "minProperties", std::to_string(upto(3)));
    if (upto(3) == 0) member(out, "maxProperties", std::to_string(1 + upto(3)));
    if (upto(5) == 0) member(out, "propertyNames", string());
    return out + "}";
  }
  std::string combined(int depth) {
    const char* word = pick(std::vector<const char*>{"anyOf", "oneOf", "allOf"}, random_);
    const auto part = [&] { return maybe() ? object(depth - 1) : schema(depth - 1); };
    return std::string("{\"") + word + "\":[" + part() + "," + part() + (maybe() ? "," + part() : "") + "]}";
  }
  std::string any_number_of_kinds(int depth) {
    return "{\"if\":" + schema(0) + ",\"then\":" + schema(depth - 1) + ",\"else\":" + schema(depth - 1) + "}";
  }

  Random& random_;
};

constexpr const char* Generator::kPlain[];
constexpr const char* Generator::kPatterns[];
constexpr const char* Generator::kKeys[];

struct Tally {
  size_t schemas = 0, refused = 0, states = 0, missing = 0, extra = 0, stuck = 0;
};

std::vector<int> bytes_allowed(Matcher& matcher) {
  std::vector<int> out;
  const size_t place = matcher.position();
  for (int byte = 0; byte < 256; byte++) {
    if (!matcher.accept(std::string(1, static_cast<char>(byte)))) continue;
    matcher.rewind(place);
    out.push_back(byte);
  }
  return out;
}

// Whether some end is found: closing()'s, or one of bytes that are drawn, among them what closes or is often asked for.
bool can_be_completed(Matcher& matcher, Random& random, std::string& dead_end) {
  constexpr int kTries = 200, kSteps = 200;
  const std::vector<std::string> likely{
      "}",      "]",       "\"",   "}",     "]",     "\"",     "\"a\":", "\"ab\":", "\"b\":", "\"c\":",
      "\"z\":", "\"aa\":", "\\\"", "\":",   "\"\":", "\"é\":", "c",      "\"k\":",  "\"x\":", ",",
      "1",      "5",       "20",   "\"a\"", "\"b\"", "\"ab\"", "a",      "ab",      "\\n",    "null"};
  const size_t place = matcher.position();
  bool found = matcher.accept(matcher.closing(300)) && matcher.can_end();
  matcher.rewind(place);
  for (int attempt = 0; attempt < kTries && !found && dead_end.empty(); attempt++) {
    std::string text;
    for (int i = 0; i < kSteps && !found; i++) {
      found = matcher.can_end();
      if (found) break;
      std::string next = pick(likely, random);
      if (!matcher.accept(next)) {
        if (random() % 4 > 0) continue;
        const std::vector<int> bytes = bytes_allowed(matcher);
        if (bytes.empty()) {
          dead_end = text + "<nothing>";
          break;
        }
        next.assign(1, static_cast<char>(pick(bytes, random)));
        if (!matcher.accept(next)) {
          dead_end = text + next + "<refused what it let through>";
          break;
        }
      }
      text += next;
    }
    matcher.rewind(place);
  }
  return found && dead_end.empty();
}

std::string shown(const std::string& bytes) { return boost::json::serialize(boost::json::string(bytes)); }

class MaskOracle : public testing::Test {
 protected:
  static std::shared_ptr<StateMasks> masks() {
    static const auto shared = [] {
      Random random(7);
      return std::make_shared<StateMasks>(vocabulary(3'000, random));
    }();
    return shared;
  }

  static void compare(Matcher& matcher, const TokenMask& mask, const std::string& where, Tally& tally) {
    compare(matcher, *masks(), mask, where, tally);
  }
  static void compare(Matcher& matcher, const StateMasks& masks, const TokenMask& mask,
                      const std::string& where, Tally& tally) {
    const size_t place = matcher.position();
    tally.states++;
    for (size_t id = 0; id < masks.tokens(); id++) {
      const std::string& bytes = masks.bytes_of(static_cast<TokenId>(id));
      const bool can_come = !bytes.empty() && matcher.accept(bytes);
      if (can_come) matcher.rewind(place);
      const bool allowed = mask.allows(static_cast<TokenId>(id));
      if (can_come == allowed) continue;
      (can_come ? tally.missing : tally.extra)++;
      if (tally.missing + tally.extra < 20) {
        ADD_FAILURE() << (can_come ? "missing " : "extra ") << shown(bytes) << " behind " << where;
      }
    }
  }

  // `walks` answers of the schema, of at most `steps` tokens.
  static void check(const std::string& text, KeyOrder order, int walks, int steps, Random& random,
                    Tally& tally) {
    auto values = compile_schema(boost::json::parse(text));
    if (!values) {
      tally.refused++;
      return;
    }
    tally.schemas++;
    const auto grammar = std::make_shared<const Grammar>(std::move(*values), order);
    for (int walk = 0; walk < walks; walk++) {
      Matcher matcher(grammar, masks());
      std::string answer;
      for (int i = 0; i < steps; i++) {
        const TokenMask mask = matcher.mask();
        const std::string where = shown(answer) + " of " + text;
        compare(matcher, mask, where, tally);
        std::string dead_end;
        if (!can_be_completed(matcher, random, dead_end) && tally.stuck++ < 20) {
          ADD_FAILURE() << "no end is found behind " << where << " " << shown(dead_end);
        }
        ASSERT_EQ(mask.count() == 0, matcher.must_end()) << where;
        if (mask.count() == 0) break;
        const std::string bytes = drawn(mask, random);
        ASSERT_TRUE(matcher.accept(bytes)) << where;
        answer += bytes;
      }
    }
  }

  // Long tokens as often as single bytes.
  static std::string drawn(const TokenMask& mask, Random& random) {
    std::vector<std::string> bytes, pieces;
    for (size_t id = 0; id < masks()->tokens(); id++) {
      if (!mask.allows(static_cast<TokenId>(id))) continue;
      const std::string& text = masks()->bytes_of(static_cast<TokenId>(id));
      (text.size() == 1 ? bytes : pieces).push_back(text);
    }
    return !pieces.empty() && (bytes.empty() || random() % 4 > 0) ? pick(pieces, random)
                                                                  : pick(bytes, random);
  }
};

TEST_F(MaskOracle, HandWrittenSchemas) {
  Random random(1);
  Tally tally;
  for (const std::string& schema : kSchemas) check(schema, KeyOrder::declared, 3, 7, random, tally);
  EXPECT_EQ(tally.refused, 0u);
  EXPECT_GE(tally.states, 1'000u);
  EXPECT_EQ(tally.missing, 0u);
  EXPECT_EQ(tally.extra, 0u);
  EXPECT_EQ(tally.stuck, 0u);
}

TEST_F(MaskOracle, MembersInAnyOrder) {
  Random random(2);
  Tally tally;
  for (const std::string& schema : kSchemas) {
    if (schema.find("object") != std::string::npos) check(schema, KeyOrder::any, 2, 7, random, tally);
  }
  EXPECT_GE(tally.states, 300u);
  EXPECT_EQ(tally.missing, 0u);
  EXPECT_EQ(tally.extra, 0u);
  EXPECT_EQ(tally.stuck, 0u);
}

TEST_F(MaskOracle, RandomSchemas) {
  Random random(3);
  Tally tally;
  Generator generator(random);
  while (tally.schemas < 320 && tally.refused < 2'000) {
    check(generator.schema(2), KeyOrder::declared, 1, 7, random, tally);
  }
  EXPECT_EQ(tally.schemas, 320u);
  EXPECT_GE(tally.states, 1'400u);
  EXPECT_EQ(tally.missing, 0u);
  EXPECT_EQ(tally.extra, 0u);
  EXPECT_EQ(tally.stuck, 0u);
}

// Answers of calls, text and thoughts, cut everywhere; tokens are pieces of such answers.
TEST_F(MaskOracle, WholeAnswers) {
  const std::vector<std::string> answers{
      "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n</tool_call>\n<tool_call>\n{\"name\": "
      "\"now\", "
      "\"arguments\": {}}\n</tool_call>",
      "Well,\n <tool <tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>",
      "Let me see.\n```json\n{\"name\": \"add\", \"arguments\": {\"a\": 20}}\n```\nSo it is <b>.",
      "[{\"name\": \"now\", \"parameters\": {}}, {\"name\": \"other\", \"arguments\": {\"a\": 1}}]",
      "<think>\nIs it a </b>? {\"name\": \"add\", \"arguments\":</think>\n\nIt is \"é\".",
      "</think>\n{\"name\": \"add\", \"arguments\": {\"a\": 3}}"};
  Random random(4);
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; byte++) tokens.emplace_back(1, static_cast<char>(byte));
  for (int i = 0; i < 1'500; i++) {
    const std::string& answer = pick(answers, random);
    tokens.push_back(answer.substr(random() % answer.size(), 2 + random() % 48));
  }
  const auto masks = std::make_shared<StateMasks>(std::move(tokens));
  Tally tally;
  size_t whole = 0;
  for (int kind = 0; kind < 32; kind++) {
    const bool plain = kind & 1, required = kind & 2, several = kind & 4;
    AnswerRules rules;
    rules.spell_calls({"", "", "\n", "<tool_call>\n{\"name\": \"", "\", \"arguments\": ", "}\n</tool_call>",
                       "<tool_call>"});
    rules.plain_calls(plain);
    rules.calls_required(required);
    rules.several_calls(several);
    if (kind >= 8) rules.thoughts(kind & 8 ? "<think>" : "", "</think>");
    for (const auto& [name, schema] :
         {std::pair("add", R"({"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],
                               "additionalProperties":false})"),
          std::pair("now", R"({"type":"object","additionalProperties":false})")}) {
      rules.add_call(name, *compile_schema(boost::json::parse(schema)));
    }
    auto grammar = std::move(rules).build();
    ASSERT_TRUE(grammar);
    for (const std::string& answer : answers) {
      for (size_t length = 0; length <= answer.size(); length += 1 + random() % 3) {
        Matcher matcher(*grammar, masks);
        if (!matcher.accept(answer.substr(0, length))) break;
        const TokenMask mask = matcher.mask();
        compare(matcher, *masks, mask, shown(answer.substr(0, length)), tally);
      }
      Matcher matcher(*grammar, masks);
      whole += matcher.accept(answer) && matcher.can_end();
    }
  }
  RecordProperty("states", static_cast<int>(tally.states));
  EXPECT_GE(tally.states, 2'000u);
  EXPECT_GE(whole, 40u);
  EXPECT_EQ(tally.missing, 0u);
  EXPECT_EQ(tally.extra, 0u);
}

}  // namespace
}  // namespace understudy
