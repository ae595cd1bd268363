// Renders chat templates for bench/quality/templates.py: one JSON request per line on stdin,
//   {"template": …, "messages": […], "tools": […], "extra": {…}, "add_generation_prompt": true, "bos_token":
//   …,
//    "eos_token": …, "now": seconds},
// one JSON answer per line on stdout: {"text": …, "untrusted": [[begin, end], …]} or {"error": …}.
#include <iostream>
#include <string>

#include "text/chat_template.h"

namespace {

using namespace understudy;

Result<PromptText> render(const boost::json::object& request) {
  ASSIGN_OR_RETURN(const auto parsed, ChatTemplate::parse(request.at("template").as_string()));
  ChatTemplateInput input;
  input.messages = request.at("messages").as_array();
  input.tools = request.at("tools");
  input.extra = request.at("extra").as_object();
  input.add_generation_prompt = request.at("add_generation_prompt").as_bool();
  input.bos_token = request.at("bos_token").as_string();
  input.eos_token = request.at("eos_token").as_string();
  input.now = request.at("now").as_int64();
  return parsed->render(input);
}

boost::json::object answer(const boost::json::object& request) {
  const auto prompt = render(request);
  if (!prompt.ok()) return {{"error", prompt.error().message()}};
  boost::json::array spans;
  for (const auto& span : prompt->untrusted) spans.push_back({span.begin, span.end});
  return {{"text", prompt->text}, {"untrusted", spans}};
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << boost::json::serialize(answer(boost::json::parse(line).as_object())) << std::endl;
  }
}
