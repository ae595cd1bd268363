// AnswerRules: the grammar of a whole answer:  calls | final,  where final is a JSON value, a fixed text, or any text in
// which no call begins, and calls are as a model family spells them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "grammar/grammar.h"

namespace understudy {

class AnswerRules {
 public:
  // list_open call (separator call)* list_close;  call = before_name NAME before_arguments ARGUMENTS after_arguments.
  struct CallSpelling {
    std::string_view list_open, list_close, separator;
    std::string_view before_name, before_arguments, after_arguments;
    std::string_view marker;  // what no other text may hold; "": no text but calls and what final_* say
  };

  void final_value(ValueGrammar value);
  void final_text(std::string_view text);
  void spell_calls(const CallSpelling& spelling) { spelling_ = spelling; }
  // Where no call is required, models leave marks out: these calls count as well, and no other text begins with "{".
  void spell_plain_calls(const CallSpelling& spelling) { plain_ = spelling; }
  void add_call(std::string_view name, ValueGrammar arguments);
  void several_calls(bool several) { several_ = several; }
  void calls_required(bool required) { required_ = required; }
  // Before all that, thoughts: any text up to `end`, begun by `begin` ("" if the prompt has begun them). They may be left
  // out unless they have begun.
  void thoughts(std::string_view begin, std::string_view end) {
    thoughts_begin_ = begin;
    thoughts_end_ = end;
  }

  // With nothing required and no final: text around the calls' place may be anything without the marker.
  // Errors: exhausted.
  Result<std::shared_ptr<const Grammar>> build() &&;

 private:
  ValueId add_values(ValueGrammar values);
  RuleId add(Rule rule);
  RuleId text(std::string_view fixed);  // an empty sequence for ""
  RuleId sequence(std::vector<RuleId> parts);
  RuleId choice(std::vector<RuleId> parts);
  RuleId calls(const CallSpelling& spelling);
  Result<RuleId> with_thoughts(RuleId answer);
  Result<RuleId> any_text_without(std::string_view marker);

  struct Call {
    std::string name;
    ValueId arguments;
  };

  ValueGrammar values_;
  std::vector<Rule> rules_;
  std::vector<RuleId> finals_;
  std::vector<Call> calls_;
  CallSpelling spelling_;
  std::optional<CallSpelling> plain_;
  std::string thoughts_begin_, thoughts_end_;
  bool several_ = true, required_ = false;
};

}  // namespace understudy
