// POST /feedback: what somebody says of a call: {"call_id", and any of "score", "label", "comment", "correction", "from"}.
// A correction (the right answer's text, or a whole assistant message) becomes an answer of origin person in the ledger.
#include "gateway/ledger/recorder.h"
#include "gateway/routes/field_reader.h"
#include "gateway/routes/openai_error.h"
#include "gateway/routes/request_body.h"
#include "gateway/routes/routes.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr double kLargestScore = 1e9;

Result<Feedback> read_feedback(const HttpRequest& request) {
  ASSIGN_OR_RETURN(json::object body, read_body(request));
  FieldReader fields(body);
  Feedback feedback;
  ASSIGN_OR_RETURN(feedback.call_id, fields.string("call_id", ""));
  if (feedback.call_id.empty())
    return field_error("call_id", "'call_id' is missing: the answer's header x-understudy-call-id has it");
  if (fields.find("score") != nullptr) {
    ASSIGN_OR_RETURN(feedback.score, fields.number("score", 0, {-kLargestScore, kLargestScore}));
  }
  ASSIGN_OR_RETURN(feedback.label, fields.string("label", ""));
  ASSIGN_OR_RETURN(feedback.comment, fields.string("comment", ""));
  ASSIGN_OR_RETURN(feedback.from, fields.string("from", "api"));
  if (const json::value* correction = fields.find("correction"))
    feedback.correction = json::serialize(*correction);
  RETURN_IF_ERROR(fields.finish());
  if (!feedback.score && feedback.label.empty() && feedback.comment.empty() && feedback.correction.empty())
    return field_error("label", "feedback says nothing: give 'score', 'label', 'comment' or 'correction'");
  return feedback;
}

}  // namespace

void feedback(Service& service, std::shared_ptr<Exchange> exchange) {
  Recorder* recorder = service.outside().recorder;
  if (recorder == nullptr) {
    return exchange->respond(error_response(Error{ErrorCode::unsupported, "This server keeps no ledger", "",
                                                  "Start it with --upstream or --ledger"}));
  }
  auto said = read_feedback(exchange->request());
  if (!said) return exchange->respond(error_response(said.error()));
  auto stored = recorder->store().add_feedback(std::move(*said));
  if (!stored) return exchange->respond(error_response(stored.error()));
  json::object body{{"call_id", stored->call_id}, {"recorded", true}};
  if (!stored->answer_id.empty()) body["answer_id"] = stored->answer_id;
  exchange->respond(json_response(body));
}

}  // namespace understudy
