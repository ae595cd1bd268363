#include "app/demo/demo_calls.h"

#include <boost/json.hpp>

#include "app/progress.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr int kRounds = 3;

ReplySink keep_in(ReplyLog& log, const std::vector<size_t>& numbers, Progress& progress, size_t& failed,
                  Error& first,
                  const std::function<Result<LoggedReply>(size_t, const IncomingReply&)>& read) {
  return [&, read](size_t index, const IncomingReply& reply) -> Status {
    auto logged = read(numbers[index], reply);
    if (!logged.ok()) {
      if (failed++ == 0) first = logged.error();
      return Status();
    }
    RETURN_IF_ERROR(log.add(numbers[index], std::move(*logged)));
    progress.update(log.replies().size());
    return Status();
  };
}

// What of `wanted` the log lacks is sent, three times at most.
Result<std::map<size_t, LoggedReply>> send_until_kept(
    const std::vector<size_t>& wanted, const SendPlan& plan,
    const std::function<OutgoingCall(size_t)>& call_of,
    const std::function<Result<LoggedReply>(size_t, const IncomingReply&)>& read) {
  ASSIGN_OR_RETURN(ReplyLog log, ReplyLog::open(plan.folder + "/" + plan.stage + ".jsonl"));
  Progress progress(plan.stage, wanted.size(), log.replies().size(), "calls");
  for (int round = 1;; ++round) {
    std::vector<size_t> numbers;
    std::vector<OutgoingCall> calls;
    for (const size_t number : wanted) {
      if (log.replies().contains(number)) continue;
      numbers.push_back(number);
      calls.push_back(call_of(number));
    }
    if (calls.empty()) return log.replies();
    size_t failed = 0;
    Error first;
    RETURN_IF_ERROR(send_calls(calls, plan.parallel, keep_in(log, numbers, progress, failed, first, read)));
    if (failed > 0 && round == kRounds) return first;
  }
}

}  // namespace

Result<std::map<size_t, LoggedReply>> send_stage(std::span<const DemoCall> calls, const SendPlan& plan) {
  std::vector<size_t> wanted;
  for (size_t i = 0; i < calls.size(); ++i) wanted.push_back(i);
  const auto call_of = [&](size_t number) {
    const DemoCall& call = calls[number];
    OutgoingCall outgoing{plan.url + "/v1/chat/completions", call.request, {}, plan.bearer};
    if (!call.group.empty()) outgoing.headers.push_back("x-understudy-tags: group:" + call.group);
    if (plan.force_up) outgoing.headers.emplace_back("x-understudy-route: up");
    return outgoing;
  };
  return send_until_kept(wanted, plan, call_of,
                         [](size_t, const IncomingReply& reply) { return read_reply(reply); });
}

Result<size_t> give_feedback(std::span<const DemoCall> calls, const std::map<size_t, LoggedReply>& replies,
                             const SendPlan& plan) {
  std::vector<size_t> wanted;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (!calls[i].truth.empty() && replies.contains(i)) wanted.push_back(i);
  }
  const auto call_of = [&](size_t number) {
    const json::object feedback{{"call_id", replies.at(number).call_id},
                                {"from", "understudy demo"},
                                {"correction", calls[number].truth}};
    return OutgoingCall{plan.url + "/feedback", json::serialize(feedback), {}, plan.bearer};
  };
  const auto read = [&](size_t number, const IncomingReply& reply) -> Result<LoggedReply> {
    if (reply.status == 200 || reply.status == 201)
      return LoggedReply{replies.at(number).call_id, "", false, "", reply.total_ms};
    return Error{ErrorCode::io,
                 "feedback was not taken: " + (reply.status == 0 ? reply.error : reply.body.substr(0, 200)),
                 "", ""};
  };
  ASSIGN_OR_RETURN(const auto told, send_until_kept(wanted, plan, call_of, read));
  return told.size();
}

}  // namespace understudy
