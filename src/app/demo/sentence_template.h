// Sentence templates as Home Assistant's intents have them
// (https://developers.home-assistant.io/docs/voice/intent-recognition/template-sentence-syntax):
// <rule>, {list} or {list:slot}, [optional], (one|of|these), (in;any;order).
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace understudy {

// What a template may name.
struct TemplateWords {
  std::map<std::string, std::string, std::less<>> rules;  // templates themselves
  // What a list holds: words as they are said (a template too), and what they mean.
  std::map<std::string, std::vector<std::pair<std::string, std::string>>, std::less<>> lists;
};

struct Sentence {
  std::string text;                                        // words with single spaces
  std::vector<std::pair<std::string, std::string>> slots;  // name and meaning, in the order of the text
};

// One reading of the template, chosen by `random`: equal templates, words and states of it give equal sentences on
// every machine. Bounded in depth, steps and bytes. Error{corrupt}: brackets that do not match, a rule or list that
// is not there or is empty, rules that never end.
Result<Sentence> expand_sentence(std::string_view sentence, const TemplateWords& words,
                                 std::mt19937_64& random);

}  // namespace understudy
