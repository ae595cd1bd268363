#include "gateway/ledger/recorded_exchange.h"

#include <boost/json.hpp>

#include "gateway/routes/openai_error.h"
#include "gateway/upstream/json_member.h"
#include "store/call_id.h"
#include "store/field_check.h"
#include "store/limits.h"
#include "store/usage.h"

namespace understudy {
namespace {

constexpr size_t kMaxHeaderBytes = 256;

Result<std::string> short_header(const HttpRequest& request, std::string_view name) {
  const std::string value(request.header(name).value_or(""));
  if (value.size() > kMaxHeaderBytes)
    return Error{ErrorCode::invalid_argument, "the header is longer than 256 bytes", std::string(name), ""};
  RETURN_IF_ERROR(check_field(std::string(name), value));
  return value;
}

std::vector<std::string> split_tags(std::string_view text) {
  std::vector<std::string> tags;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view tag = text.substr(0, comma);
    while (tag.starts_with(' ')) tag.remove_prefix(1);
    while (tag.ends_with(' ')) tag.remove_suffix(1);
    if (!tag.empty()) tags.emplace_back(tag);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return tags;
}

}  // namespace

Result<CallMarks> read_call_marks(const HttpRequest& request) {
  CallMarks marks;
  ASSIGN_OR_RETURN(marks.project, short_header(request, "x-understudy-project"));
  ASSIGN_OR_RETURN(marks.session, short_header(request, "x-understudy-session"));
  ASSIGN_OR_RETURN(const std::string tags, short_header(request, "x-understudy-tags"));
  marks.tags = split_tags(tags);
  if (marks.tags.size() > kMaxTags)
    return Error{ErrorCode::invalid_argument, "too many tags", "x-understudy-tags", ""};
  ASSIGN_OR_RETURN(const std::string log, short_header(request, "x-understudy-log"));
  if (!log.empty()) {
    marks.log = log_level_named(log);
    if (!marks.log)
      return Error{ErrorCode::invalid_argument, "x-understudy-log is full, metadata or off",
                   "x-understudy-log", ""};
  }
  return marks;
}

RecordedExchange::RecordedExchange(std::shared_ptr<Exchange> inner, Recorder* recorder, CallMarks marks)
    : PassingExchange(std::move(inner)),
      recorder_(recorder),
      log_(recorder == nullptr ? LogLevel::off : marks.log.value_or(recorder->options().log)) {
  const HttpRequest& request = inner_->request();
  call_.time_ms = unix_ms_now();
  call_.id = new_call_id(call_.time_ms);
  call_.project = std::move(marks.project);
  call_.session = std::move(marks.session);
  call_.tags = std::move(marks.tags);
  call_.endpoint = made_field(request.path);
  call_.model = made_field(string_member(request.body, "model").value_or(""));
}

RecordedExchange::~RecordedExchange() {
  std::lock_guard lock(mutex_);
  if (finished_) return;
  call_.error =
      streaming_ ? "the answer broke off" : "there was no answer: the client left, or the server stopped";
  finish(streaming_ ? stream_.response() : "");
}

void RecordedExchange::mark(HttpResponse& response) const {
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) response.headers.push_back({name, value});
  };
  if (log_ != LogLevel::off) add("x-understudy-call-id", call_.id);
  add("x-understudy-route", call_.route);
  add("x-understudy-reason", call_.reason);
  add("x-understudy-task", call_.task);
  if (call_.origin == Origin::local) add("x-understudy-model", call_.target_model);
}

void RecordedExchange::note_first_byte() {
  if (!call_.first_token_ms)
    call_.first_token_ms = std::chrono::duration<double, std::milli>(Clock::now() - begin_).count();
}

void RecordedExchange::respond(HttpResponse response) {
  std::lock_guard lock(mutex_);
  if (finished_) return;
  call_.status = response.status;
  note_first_byte();
  if (response.status != 200 && call_.error.empty())
    call_.error = "status " + std::to_string(response.status);
  mark(response);
  if (log_ == LogLevel::off || !recorder_->options().refuse_on_failure) {
    finish(response.body);
    return inner_->respond(std::move(response));
  }
  // The client's answer waits until the call is durable.
  const std::string body = response.body;
  finish(body, [inner = inner_, response = std::move(response)](Status status) mutable {
    if (status.ok()) return inner->respond(std::move(response));
    inner->respond(
        error_response(503,
                       "The call could not be recorded, and the ledger is set to refuse such calls: " +
                           status.error().message(),
                       "ledger_failed"));
  });
}

void RecordedExchange::begin_stream(HttpResponse head) {
  std::lock_guard lock(mutex_);
  if (finished_) return;
  streaming_ = true;
  call_.streamed = true;
  call_.status = head.status;
  mark(head);
  inner_->begin_stream(std::move(head));
}

void RecordedExchange::write(std::string data) {
  std::lock_guard lock(mutex_);
  if (finished_) return;
  note_first_byte();
  if (log_ != LogLevel::off) stream_.add(data);
  inner_->write(std::move(data));
}

void RecordedExchange::end_stream() {
  std::lock_guard lock(mutex_);
  if (finished_) return;
  finish(stream_.response());
  inner_->end_stream();
}

void RecordedExchange::note_usage(const AnswerUsage& usage) {
  std::lock_guard lock(mutex_);
  call_.prompt_tokens = usage.prompt_tokens;
  call_.completion_tokens = usage.completion_tokens;
  call_.queue_ms = usage.queue_ms;
  call_.cpu_seconds = usage.cpu_seconds;
  inner_->note_usage(usage);
}

void RecordedExchange::finish(std::string response, std::function<void(Status)> done) {
  finished_ = true;
  if (log_ == LogLevel::off) return;
  call_.total_ms = std::chrono::duration<double, std::milli>(Clock::now() - begin_).count();
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(response, error);
  if (!error && value.is_object()) {
    const TokenUsage usage = usage_of(value.get_object());
    if (usage.prompt_tokens) call_.prompt_tokens = usage.prompt_tokens;
    if (usage.completion_tokens) call_.completion_tokens = usage.completion_tokens;
    call_.cached_tokens = usage.cached_tokens;
    if (call_.target_model.empty())
      call_.target_model = made_field(string_member(response, "model").value_or(""));
  }
  Call call = call_;
  if (log_ == LogLevel::full) {
    call.request = inner_->request().body;
    call.response = std::move(response);
  }
  recorder_->record(std::move(call), std::move(done));
}

}  // namespace understudy
