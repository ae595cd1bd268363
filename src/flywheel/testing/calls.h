// Calls for tests, with requests and responses as a client and an incumbent write them.
#pragma once

#include <fmt/format.h>

#include <boost/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "store/call.h"

namespace understudy {

using Turns = std::vector<std::pair<std::string, std::string>>;  // role, content

inline std::string chat_request(const Turns& turns, boost::json::object more = {}) {
  boost::json::array messages;
  for (const auto& [role, content] : turns) messages.push_back({{"role", role}, {"content", content}});
  more["model"] = "big-model";
  more["messages"] = std::move(messages);
  return boost::json::serialize(more);
}

inline std::string chat_response(const std::string& answer) {
  const boost::json::value response = {{"model", "big-model-2026-01"},
                                       {"choices",
                                        {{{"index", 0},
                                          {"finish_reason", "stop"},
                                          {"message", {{"role", "assistant"}, {"content", answer}}}}}}};
  return boost::json::serialize(response);
}

inline Call chat_call(const Turns& turns, const std::string& answer, boost::json::object more = {}) {
  static int number = 0;
  Call call;
  call.id = fmt::format("call-{:06}", ++number);
  call.time_ms = 1'795'000'000'000 + number * 1000;  // 2026-11-18
  call.endpoint = "/v1/chat/completions";
  call.model = "big-model";
  call.request = chat_request(turns, std::move(more));
  call.response = chat_response(answer);
  call.status = 200;
  return call;
}

// Sentences that share no more than English does: `number` chooses among 12^5 of them.
inline std::string sentence(size_t number) {
  static const std::vector<std::vector<std::string>> kWords = {
      {"My brother", "The driver", "Nobody here", "An old friend", "The landlord", "Her doctor", "Our team",
       "This bank", "A stranger", "The child", "Your letter", "Every guest"},
      {"lost", "found", "painted", "ordered", "returned", "sold", "broke", "mended", "hid", "forgot",
       "carried", "opened"},
      {"two cards", "the blue door", "a parcel", "some bread", "his keys", "that invoice", "my ticket",
       "a window", "the report", "her phone", "a bicycle", "the contract"},
      {"yesterday", "in Paris", "before lunch", "without asking", "on Monday", "near the station",
       "for a laugh", "after the storm", "at noon", "during class", "by mistake", "last winter"},
      {"and wept.", "and I want it back!", "so what now?", "which is odd", "- see below.", "again; why?",
       "(truly).", "and paid 12.50 for it", "then left", "as agreed", "too early?", "not twice."}};
  size_t mixed = number * 7919 + 13;
  std::string text;
  for (const auto& words : kWords) {
    text += (text.empty() ? "" : " ") + words[mixed % words.size()];
    mixed /= words.size();
  }
  return text;
}

}  // namespace understudy
