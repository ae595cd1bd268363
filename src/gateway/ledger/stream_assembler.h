// StreamAssembler: a streamed answer in the form of one that was not: chat.completion.chunk events become a
// chat.completion, text_completion events one text_completion. Other events are kept as a list.
// Source: https://platform.openai.com/docs/api-reference/chat-streaming
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace understudy {

class StreamAssembler {
 public:
  // Bytes as they come, cut anywhere.
  void add(std::string_view bytes);
  // What has come so far; "" if that was no event. Call it once, at the end.
  std::string response();
  bool done() const { return done_; }  // "[DONE]" came

 private:
  void take_line(std::string_view line);
  void take_event();
  void merge(const boost::json::object& chunk);

  std::string line_, data_;
  boost::json::object whole_;
  boost::json::array others_;
  bool done_ = false;
};

}  // namespace understudy
