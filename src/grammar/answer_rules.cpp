#include "grammar/answer_rules.h"

#include <algorithm>

#include "grammar/regex.h"

namespace understudy {

namespace {

// Knuth, Morris and Pratt's automaton: in state i < word.size() the text ends with the first i characters of the word (and
// no more), and has not held all of it. The last state, reached by the whole word, has no edges.
Dfa word_automaton(const std::vector<uint32_t>& word) {
  const Dfa any = any_text();
  std::vector<uint32_t> cuts(word.begin(), word.end());
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  Dfa out;
  for (size_t i = 0; i < word.size(); i++) {
    Dfa::State state;
    for (const Dfa::Edge& range : any.states[0].edges) {
      uint32_t low = range.low;
      for (const uint32_t c : cuts) {
        if (c < range.low || c > range.high) continue;
        if (low < c) state.edges.push_back({low, c - 1, 0});
        // The longest beginning of the word that the text then ends with.
        std::vector<uint32_t> text(word.begin(), word.begin() + static_cast<ptrdiff_t>(i));
        text.push_back(c);
        size_t length = text.size();
        while (length > 0 &&
               !std::equal(text.end() - static_cast<ptrdiff_t>(length), text.end(), word.begin()))
          length--;
        state.edges.push_back({c, c, static_cast<int32_t>(length)});
        low = c + 1;
      }
      if (low <= range.high) state.edges.push_back({low, range.high, 0});
    }
    out.states.push_back(std::move(state));
  }
  out.states.emplace_back();
  return out;
}

}  // namespace

ValueId AnswerRules::add_values(ValueGrammar values) {
  const auto shift = static_cast<ValueId>(values_.values.size());
  const auto moved = [&](ValueId& id) { id += id < 0 ? 0 : shift; };
  for (ValueLanguage& v : values.values) {
    for (ArrayLanguage& array : v.arrays) {
      for (auto& options : array.prefix) {
        for (ItemOption& option : options) moved(option.value);
      }
      for (ItemOption& option : array.rest) moved(option.value);
    }
    for (ObjectLanguage& object : v.objects) {
      for (PropertyLanguage& property : object.properties) moved(property.value);
      for (KeyClass& keys : object.classes) {
        moved(keys.value);
        moved(keys.witness);
      }
    }
    values_.values.push_back(std::move(v));
  }
  return values.root + shift;
}

RuleId AnswerRules::add(Rule rule) {
  rules_.push_back(std::move(rule));
  return static_cast<RuleId>(rules_.size()) - 1;
}

RuleId AnswerRules::text(std::string_view fixed) {
  if (fixed.empty()) return sequence({});
  Rule rule;
  rule.text = texts_dfa({code_points(fixed)});
  return add(std::move(rule));
}

RuleId AnswerRules::sequence(std::vector<RuleId> parts) {
  Rule rule;
  rule.kind = Rule::Kind::sequence;
  rule.parts = std::move(parts);
  return add(std::move(rule));
}

RuleId AnswerRules::choice(std::vector<RuleId> parts) {
  Rule rule;
  rule.kind = Rule::Kind::choice;
  rule.parts = std::move(parts);
  return add(std::move(rule));
}

RuleId AnswerRules::value(ValueId id) {
  Rule rule;
  rule.kind = Rule::Kind::value;
  rule.value = id;
  return add(std::move(rule));
}

void AnswerRules::final_value(ValueGrammar value) {
  finals_.push_back(this->value(add_values(std::move(value))));
}

void AnswerRules::final_text(std::string_view fixed) { finals_.push_back(text(fixed)); }

void AnswerRules::add_call(std::string_view name, ValueGrammar arguments) {
  calls_.push_back({std::string(name), add_values(std::move(arguments))});
}

// `beginning` reads up to the first name.
RuleId AnswerRules::calls(RuleId beginning) {
  std::vector<RuleId> each;
  for (const Call& call : calls_) {
    const RuleId head = text(call.name + std::string(spelling_.before_arguments));
    each.push_back(sequence({head, value(call.arguments)}));
  }
  const RuleId named = choice(std::move(each));
  const RuleId after = text(spelling_.after_arguments), close = text(spelling_.list_close);
  if (!several_) return sequence({beginning, named, after, close});
  // more = () | separator call more
  const RuleId more = choice({});
  const RuleId again = text(std::string(spelling_.separator) + std::string(spelling_.before_name));
  rules_[static_cast<size_t>(more)].parts = {sequence({}), sequence({again, named, after, more})};
  return sequence({beginning, named, after, more, close});
}

std::string AnswerRules::opening() const {
  return std::string(spelling_.list_open) + std::string(spelling_.before_name);
}

Result<RuleId> AnswerRules::pattern(std::string_view regex) {
  Budget budget(1'000'000);
  Rule rule;
  ASSIGN_OR_RETURN(rule.text, regex_dfa(regex, budget));
  return add(std::move(rule));
}

// White space between tokens is as the model likes it, but bounded.
Result<RuleId> AnswerRules::plain_call() {
  ASSIGN_OR_RETURN(const RuleId open, pattern(R"(^\{[ \t\n\r]{0,20}"name" ?: ?"$)"));
  ASSIGN_OR_RETURN(const RuleId middle, pattern(R"re(^" ?,[ \t\n\r]{0,20}"(arguments|parameters)" ?: ?$)re"));
  ASSIGN_OR_RETURN(const RuleId close, pattern(R"(^[ \t\n\r]{0,20}\}$)"));
  std::vector<RuleId> each;
  for (const Call& call : calls_) each.push_back(sequence({text(call.name), middle, value(call.arguments)}));
  return sequence({open, choice(std::move(each)), close});
}

// What a parser that wants names first takes for a plain call, as far as it tells one from text: up to the arguments' colon.
// A brace later, and a model that wants another layout than ours behind it would take the way out and write a list.
DfaResult AnswerRules::plain_beginnings(std::string_view place, Budget& budget) const {
  std::string names = R"([^"\\]*(\\.[^"\\]*)+)";  // escapes: whatever they mean
  for (const Call& call : calls_) names += "|" + call.name;
  for (const std::string& name : uncallable_) names += "|" + name;
  const std::string space = R"([ \t\n\r]*)", colon = space + ":" + space, comma = space + "," + space,
                    type = "(\"type\"" + colon + "\"function\"" + comma + ")?",
                    name = type + "\"name\"" + colon + "\"(" + names + ")\"" + comma,
                    arguments = type + "\"(arguments|parameters)\"" + colon;
  return regex_dfa(std::string(place) + "\\{" + space + name + arguments, budget);
}

// any = text | marked | line? plain (() | any), where `marked` may begin with text and `line` ends where a line begins.
Result<RuleId> AnswerRules::calls_or_text() {
  Budget budget(4'000'000);
  Rule text, open, line;
  text.last = true;
  ASSIGN_OR_RETURN(text.text, text_without(spelling_.marker, budget));
  open.text = text_up_to(spelling_.marker, std::string_view(opening()).substr(spelling_.marker.size()));
  constexpr std::string_view kPlace = R"((^|\n)[ \t\r\n\[,;]*)";
  if (plain_) {
    ASSIGN_OR_RETURN(Dfa others, plain_beginnings(kPlace, budget));
    ASSIGN_OR_RETURN(others, complement(others, budget));
    ASSIGN_OR_RETURN(text.text, intersect(text.text, others, budget));
    ASSIGN_OR_RETURN(open.text, intersect(open.text, others, budget));
    ASSIGN_OR_RETURN(line.text, regex_dfa(std::string(kPlace) + "$", budget));
    ASSIGN_OR_RETURN(line.text, intersect(text.text, line.text, budget));
  }
  const RuleId to_end = add(std::move(text));
  if (calls_.empty()) return to_end;
  const RuleId marked = calls(add(std::move(open)));
  if (!plain_) return choice({to_end, marked});
  ASSIGN_OR_RETURN(const RuleId call, plain_call());
  const RuleId any = choice({});
  const RuleId plain = sequence({call, choice({sequence({}), several_ ? any : to_end})});
  rules_[static_cast<size_t>(any)].parts = {to_end, marked, plain, sequence({add(std::move(line)), plain})};
  return any;
}

DfaResult AnswerRules::text_without(std::string_view marker, Budget& budget) {
  Dfa text = any_text();
  if (!marker.empty()) {
    text = word_automaton(code_points(marker));
    for (size_t i = 0; i + 1 < text.states.size(); i++) text.states[i].label = 1;
    text = trimmed(text);
  }
  return with_length(text, 1, kEndless, budget);
}

Dfa AnswerRules::text_up_to(std::string_view marker, std::string_view more) {
  Dfa text = word_automaton(code_points(marker));
  for (const uint32_t c : code_points(more)) {
    text.states.back().edges = {{c, c, static_cast<int32_t>(text.states.size())}};
    text.states.emplace_back();
  }
  text.states.back().label = 1;
  return minimal(std::move(text));
}

Result<RuleId> AnswerRules::with_thoughts(RuleId answer) {
  if (thoughts_end_.empty()) return answer;
  Rule thought, space;
  thought.text = text_up_to(thoughts_end_, "");
  Budget budget(1000);
  ASSIGN_OR_RETURN(space.text, regex_dfa("^\\n{1,2}$", budget));
  const RuleId gap = choice({sequence({}), add(std::move(space))});
  const RuleId thoughts = sequence({text(thoughts_begin_), add(std::move(thought)), gap, answer});
  return thoughts_begin_.empty() ? thoughts : choice({thoughts, answer});
}

Result<std::shared_ptr<const Grammar>> AnswerRules::build() && {
  std::vector<RuleId> ways;
  if (!required_ && finals_.empty()) {
    ASSIGN_OR_RETURN(const RuleId any, calls_or_text());
    ways.push_back(any);
  } else if (!calls_.empty()) {
    ways.push_back(calls(text(opening())));
  }
  if (!required_) ways.insert(ways.end(), finals_.begin(), finals_.end());
  ASSIGN_OR_RETURN(const RuleId root, with_thoughts(choice(std::move(ways))));
  return std::make_shared<const Grammar>(std::move(values_), std::move(rules_), root, KeyOrder::declared,
                                         Layout::spaced);
}

}  // namespace understudy
