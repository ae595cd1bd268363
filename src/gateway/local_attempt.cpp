#include "gateway/local_attempt.h"

#include <boost/json.hpp>

#include "gateway/upstream/json_member.h"

namespace understudy {
namespace {

// {"error": {"code": "server_busy", ...}}; else the status.
std::string code_of(const HttpResponse& response) {
  boost::system::error_code failed;
  const boost::json::value body = boost::json::parse(response.body, failed);
  const boost::json::value* code = failed ? nullptr : body.find_pointer("/error/code", failed);
  return code && code->is_string() ? std::string(code->get_string()) : std::to_string(response.status);
}

}  // namespace

LocalAttempt::LocalAttempt(std::shared_ptr<Exchange> inner, const std::string& model, TakeOver take_over)
    : PassingExchange(std::move(inner)), request_(inner_->request()), take_over_(std::move(take_over)) {
  request_.body = with_string_member(request_.body, "model", model);
}

void LocalAttempt::respond(HttpResponse response) {
  if (response.status == 200 || !take_over_) return inner_->respond(std::move(response));
  take_over_(code_of(response));
}

}  // namespace understudy
