// Chat messages -> prompt text through the model's own Jinja template, rendered by a private interpreter of
// the Jinja subset that chat templates use (text/jinja/). A template comes from a model file and is hostile
// input: parsing and rendering have step, depth and output limits and no access to anything outside their
// arguments.
//
// Strings and numbers that come from `messages`, `tools` and `extra` are marked untrusted in the result, byte
// by byte; text that the template itself writes is trusted. Any operation on untrusted bytes gives untrusted
// bytes, and an operation on the template's own text that an untrusted string steers (strip, replace, split,
// format) does too.
//
// Differences from jinja2: tags and functions that no known chat template uses are
// Error{unsupported} (include, import, extends, block, recursive loops, *args; str.format with
// specifications, …); integers have 64 bits; `| safe` marks nothing, so that `(x | safe) + y` does not escape
// y as HTML. Immutable; safe to share between threads.
#pragma once

#include <boost/json.hpp>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "text/prompt_text.h"

namespace understudy {

struct ChatTemplateInput {
  boost::json::array messages;         // OpenAI form: {"role", "content" (string), …}
  boost::json::value tools = nullptr;  // array or null
  boost::json::object extra;  // further variables (enable_thinking, …); `documents` is none unless given
  bool add_generation_prompt = true;
  std::string bos_token, eos_token;  // trusted
  std::time_t now = 0;               // for strftime_now, which gives UTC
};

class ChatTemplate {
 public:
  // Parses the template. Errors carry line and column.
  static Result<std::shared_ptr<const ChatTemplate>> parse(std::string_view source);
  // Same text as jinja2 with transformers' settings (trim_blocks, lstrip_blocks, loopcontrols, tojson,
  // raise_exception, strftime_now). raise_exception(message) is an Error{invalid_argument, message}; so is
  // what jinja2 refuses to do with these messages, and work beyond the limits of text/jinja/limits.h.
  Result<PromptText> render(const ChatTemplateInput& input) const;
  ~ChatTemplate();

 private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program_;
};

// For models without a template of their own: plain "role: content" turns.
std::string_view plain_chat_template();

}  // namespace understudy
