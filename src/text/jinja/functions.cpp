#include "text/jinja/functions.h"

#include "text/jinja/arguments.h"
#include "text/jinja/stringify.h"

namespace understudy::jinja {
namespace {

Result<Value> range(Runtime& runtime, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("range", arguments, {"start", "stop", "step"}, 1));
  ASSIGN_OR_RETURN(const int64_t first, bound.integer(0));
  ASSIGN_OR_RETURN(const int64_t second, bound.integer(1, 0));
  ASSIGN_OR_RETURN(const int64_t step, bound.integer(2, 1));
  const int64_t start = bound.has(1) ? first : 0, stop = bound.has(1) ? second : first;
  if (step == 0) return type_error("range(): the step is zero");
  std::vector<Value> items;
  for (__int128 i = start; step > 0 ? i < stop : i > stop; i += step) {
    if (static_cast<int64_t>(items.size()) == kMaxRange) {
      return type_error("range() has more than " + std::to_string(kMaxRange) + " numbers");
    }
    items.push_back(integer(static_cast<int64_t>(i)));
  }
  return runtime.sequence(std::move(items), Sequence::Kind::range);
}

// dict(…) and namespace(…) take a dict, keywords, or both.
Result<Dict> members_of(std::string_view name, const Arguments& arguments) {
  Dict dict;
  if (arguments.positional.size() > 1 ||
      (arguments.positional.size() == 1 && !arguments.positional[0].is<DictPtr>())) {
    return type_error(std::string(name) + "() takes one dict, and keywords");
  }
  if (!arguments.positional.empty()) dict = *arguments.positional[0].as<DictPtr>();
  for (const auto& [key, value] : arguments.named) RETURN_IF_ERROR(dict.insert(trusted_text(key), value));
  return dict;
}

Result<Value> make_dict(Runtime& runtime, const Arguments& arguments) {
  ASSIGN_OR_RETURN(Dict dict, members_of("dict", arguments));
  return runtime.dict(std::move(dict));
}

Result<Value> make_namespace(Runtime& runtime, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Dict dict, members_of("namespace", arguments));
  std::map<std::string, Value, std::less<>> members;
  for (const auto& [key, value] : dict.entries) {
    if (!key.is_text()) return type_error("namespace(): names must be strings");
    members.emplace(std::string(key.bytes()), value);
  }
  return runtime.make_namespace(std::move(members));
}

Result<Value> raise_exception(Runtime& runtime, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("raise_exception", arguments, {"message"}, 1));
  ASSIGN_OR_RETURN(const TextPtr message, to_text(runtime, bound[0]));
  return Error{ErrorCode::invalid_argument, message->text, "",
               "The model's chat template refuses these messages"};
}

Result<Value> strftime_now(Runtime& runtime, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Bound bound, bind("strftime_now", arguments, {"format"}, 1));
  ASSIGN_OR_RETURN(const TextPtr format, bound.text(0));
  ASSIGN_OR_RETURN(std::string formatted, format_time(format->text, runtime.now()));
  const PromptText text = PromptText::trusted(std::move(formatted));
  return runtime.text(is_tainted(*format) ? all_untrusted(text) : text);
}

Value function(std::string name, Result<Value> (*call)(Runtime&, const Arguments&)) {
  return std::make_shared<const Callable>(Callable{std::move(name), call});
}

}  // namespace

const std::vector<std::pair<std::string_view, Value>>& global_functions() {
  static const std::vector<std::pair<std::string_view, Value>> functions = {
      {"range", function("range", range)},
      {"dict", function("dict", make_dict)},
      {"namespace", function("namespace", make_namespace)},
      {"raise_exception", function("raise_exception", raise_exception)},
      {"strftime_now", function("strftime_now", strftime_now)},
  };
  return functions;
}

}  // namespace understudy::jinja
