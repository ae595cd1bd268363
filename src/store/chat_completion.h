// The parts of OpenAI's chat completions that the ledger looks at
// (https://platform.openai.com/docs/api-reference/chat).
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

namespace understudy {

inline constexpr std::string_view kChatCompletions = "/v1/chat/completions";
inline constexpr std::string_view kCompletions = "/v1/completions";
inline constexpr std::string_view kEmbeddings = "/v1/embeddings";
inline constexpr std::string_view kResponses = "/v1/responses";
inline constexpr std::string_view kMessages = "/v1/messages";

// The assistant's message that says `text`.
boost::json::object assistant_message(std::string_view text);

// A whole response around the assistant's message.
boost::json::object chat_completion(boost::json::object message, std::string_view model);

// The message of the response's only choice; nullptr if it has none or several.
const boost::json::object* message_of(const boost::json::object& response);

}  // namespace understudy
