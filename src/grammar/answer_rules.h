// AnswerRules: the grammar of a whole answer:  calls | final,  where final is a JSON value, a fixed text, or any text in
// which no call begins, and calls are as a model family spells them.
#pragma once

#include <memory>
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
    // What list_open and before_name begin with and no other text may hold; "": no text but calls and what final_* say.
    std::string_view marker;
  };

  void final_value(ValueGrammar value);
  void final_text(std::string_view text);
  void spell_calls(const CallSpelling& spelling) { spelling_ = spelling; }
  // Where no call is required, models leave marks out: {"name": NAME, "arguments": ARGUMENTS} at the beginning of a line
  // (fenced or in a list too) is a call as well, and no other text holds what a parser takes for one.
  void plain_calls(bool plain) { plain_ = plain; }
  void add_call(std::string_view name, ValueGrammar arguments);
  // A tool that must not be called: without this, a plain call of it would be text.
  void add_uncallable(std::string_view name) { uncallable_.emplace_back(name); }
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
  RuleId value(ValueId id);
  RuleId sequence(std::vector<RuleId> parts);
  RuleId choice(std::vector<RuleId> parts);
  Result<RuleId> pattern(std::string_view regex);
  RuleId calls(RuleId beginning);
  std::string opening() const;  // of the first call, up to its name
  Result<RuleId> plain_call();
  DfaResult plain_beginnings(std::string_view place, Budget& budget) const;
  Result<RuleId> calls_or_text();
  Result<RuleId> with_thoughts(RuleId answer);
  // Any text that does not hold the marker; "": any text.
  static DfaResult text_without(std::string_view marker, Budget& budget);
  // Any text up to the end of its first marker, and then `more`. Between two terminals, text and marker, every character of
  // the text could be its last: a token's mask would have to ask what follows each of its bytes.
  static Dfa text_up_to(std::string_view marker, std::string_view more);

  struct Call {
    std::string name;
    ValueId arguments;
  };

  ValueGrammar values_;
  std::vector<Rule> rules_;
  std::vector<RuleId> finals_;
  std::vector<Call> calls_;
  std::vector<std::string> uncallable_;
  CallSpelling spelling_;
  std::string thoughts_begin_, thoughts_end_;
  bool several_ = true, required_ = false, plain_ = false;
};

}  // namespace understudy
