#include "grammar/format_language.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace understudy {

namespace {

// RFC 3339: days that the month has, 29 February in leap years only.
const std::string kLeapYear = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)";
const std::string kDate =
    "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))|" +
    kLeapYear + "-02-29)";
// A leap second only at 23:59 UTC, which is a matter of the offset: with Z it is written out, with others left out.
const std::string kClock = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]+)?";
const std::string kOffset = "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";
const std::string kTime = "(" + kClock + kOffset + "|23:59:60(\\.[0-9]+)?[Zz])";
// ISO 8601 durations as RFC 3339, appendix A, writes them.
const std::string kDurationTime = "T([0-9]+H([0-9]+M([0-9]+S)?)?|[0-9]+M([0-9]+S)?|[0-9]+S)";
const std::string kDuration = "P(([0-9]+Y([0-9]+M([0-9]+D)?)?|[0-9]+M([0-9]+D)?|[0-9]+D)(" + kDurationTime +
                              ")?|" + kDurationTime + "|[0-9]+W)";
// RFC 1123 names: labels of 1 to 63, no dash at their ends; the whole of at most 253 characters is not asked for.
const std::string kLabel = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const std::string kHostname = kLabel + "(\\." + kLabel + ")*";
const std::string kAtom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const std::string kEmail =
    kAtom + "(\\." + kAtom + ")*@" + kHostname;  // RFC 5321 without quotes and literals
const std::string kOctet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const std::string kIpv4 = "(" + kOctet + "\\.){3}" + kOctet;
// RFC 3986, IPv6address.
const std::string kPiece = "[0-9A-Fa-f]{1,4}";
const std::string kLast32 = "(" + kPiece + ":" + kPiece + "|" + kIpv4 + ")";
std::string ipv6() {
  const std::string p = kPiece + ":";
  std::string all = "(" + p + "){6}" + kLast32 + "|::(" + p + "){5}" + kLast32;
  for (int before = 0; before <= 4; before++) {  // pieces in front of ::
    const std::string front = "((" + p + "){0," + std::to_string(before) + "}" + kPiece + ")?::";
    all += "|" + front + "(" + p + "){" + std::to_string(4 - before) + "}" + kLast32;
  }
  all += "|((" + p + "){0,5}" + kPiece + ")?::" + kPiece + "|((" + p + "){0,6}" + kPiece + ")?::";
  return "(" + all + ")";
}
const std::string kIpv6 = ipv6();
const std::string kUuid = "[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}";
// RFC 3986, URI; only ASCII.
const std::string kEscape = "%[0-9A-Fa-f]{2}";
const std::string kPchar = "([A-Za-z0-9._~!$&'()*+,;=:@-]|" + kEscape + ")";
const std::string kUser = "(([A-Za-z0-9._~!$&'()*+,;=:-]|" + kEscape + ")*@)?";
const std::string kHost = "(\\[(" + kIpv6 + "|v[0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]|" +
                          "([A-Za-z0-9._~!$&'()*+,;=-]|" + kEscape + ")*)";
const std::string kAuthority = kUser + kHost + "(:[0-9]*)?";
const std::string kPathTail = "(/" + kPchar + "*)*";
const std::string kRest = "(\\?(" + kPchar + "|[/?])*)?(#(" + kPchar + "|[/?])*)?";
const std::string kHier = "(//" + kAuthority + kPathTail + "|/(" + kPchar + "+" + kPathTail + ")?|" + kPchar +
                          "+" + kPathTail + "|)";
const std::string kUri = "[A-Za-z][A-Za-z0-9+.-]*:" + kHier + kRest;
const std::string kRelative = "(//" + kAuthority + kPathTail + "|/(" + kPchar + "+" + kPathTail +
                              ")?|([A-Za-z0-9._~!$&'()*+,;=@-]|" + kEscape + ")+" + kPathTail + "|)" + kRest;

const std::string kPointer = "(/([^~/]|~[01])*)*";

std::string whole(const std::string& pattern) { return "^(" + pattern + ")$"; }

const std::array<std::pair<std::string_view, std::string>, 13> kFormats{{
    {"date", whole(kDate)},
    {"time", whole(kTime)},
    {"date-time", whole(kDate + "[Tt]" + kTime)},
    {"duration", whole(kDuration)},
    {"hostname", whole(kHostname)},
    {"email", whole(kEmail)},
    {"ipv4", whole(kIpv4)},
    {"ipv6", whole(kIpv6)},
    {"uuid", whole(kUuid)},
    {"uri", whole(kUri)},
    {"uri-reference", whole(kUri + "|" + kRelative)},
    {"json-pointer", whole(kPointer)},  // RFC 6901
    {"relative-json-pointer", whole("(0|[1-9][0-9]*)(#|" + kPointer + ")")},
}};

}  // namespace

std::optional<std::string_view> format_pattern(std::string_view name) {
  for (const auto& [known, pattern] : kFormats) {
    if (known == name) return pattern;
  }
  return std::nullopt;
}

bool is_unenforceable_format(std::string_view name) {
  constexpr std::string_view kNames[] = {"regex",     "iri",          "iri-reference",
                                         "idn-email", "idn-hostname", "uri-template"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace understudy
