// What a person types in a chat: messages of one or several lines, and commands.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/chat_session.h"
#include "base/result.h"

namespace understudy {

// Puts lines together: a line that ends in a backslash goes on in the next one, and everything between two
// """ is one message.
class MessageReader {
 public:
  // The message that this line completes, if it does.
  std::optional<std::string> add(std::string line);
  bool is_inside() const { return quoted_ || continued_; }
  void reset() { *this = MessageReader(); }

 private:
  std::string text_;
  bool quoted_ = false, continued_ = false;
};

// Sets the parameter that `assignment` ("temperature 0.2") names. Errors: invalid_argument with the range, or
// the names there are.
Status set_parameter(ChatOptions& options, std::string_view assignment);

// The parameters that /set knows with their values, one a line.
std::string parameter_list(const ChatOptions& options);

}  // namespace understudy
