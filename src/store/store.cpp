#include "store/store.h"

#include <fmt/format.h>

#include <future>
#include <mutex>

#include "store/append_queue.h"
#include "store/call_id.h"
#include "store/call_query.h"
#include "store/call_row.h"
#include "store/correction.h"
#include "store/credentials.h"
#include "store/field_check.h"
#include "store/ledger_file.h"
#include "store/limits.h"
#include "store/sql.h"

namespace understudy {
namespace {

constexpr int64_t kMsPerDay = 24 * 60 * 60 * 1000;
constexpr int kMaxRetentionDays = 36'500;

Error no_such_call(std::string_view id) {
  return {ErrorCode::not_found, fmt::format("there is no call '{}' in the ledger", id), "",
          "See what is there: understudy calls ls"};
}

// Names the call, checks it and takes credentials out of it: what every call goes through on its way in.
Status make_ready(Call& call) {
  if (call.id.empty()) call.id = new_call_id(call.time_ms);
  RETURN_IF_ERROR(check(call));
  call.request = without_credentials(std::move(call.request));
  return Status();
}

Status write_batch(SqliteDatabase& database, std::span<const Call> calls, std::vector<Status>& statuses) {
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::begin(database));
  ASSIGN_OR_RETURN(CallWriter writer, CallWriter::prepare(database));
  const int64_t now = unix_ms_now();
  for (size_t i = 0; i < calls.size(); ++i) {
    ASSIGN_OR_RETURN(const bool is_new, writer.insert(calls[i], now));
    if (!is_new) {
      statuses[i] = Error{ErrorCode::invalid_argument, "a call of this id is there already", calls[i].id, ""};
    }
  }
  return transaction.commit();
}

Status check_feedback(const Feedback& feedback) {
  RETURN_IF_ERROR(check_field("from", feedback.from));
  RETURN_IF_ERROR(check_field("label", feedback.label));
  RETURN_IF_ERROR(check_field("comment", feedback.comment));
  if (feedback.correction.size() > kMaxBodyBytes) {
    return Error{ErrorCode::invalid_argument, "the correction is too long", "correction", ""};
  }
  if (!feedback.score && feedback.label.empty() && feedback.comment.empty() && feedback.correction.empty()) {
    return Error{ErrorCode::invalid_argument, "the feedback says nothing", "",
                 "Give a score, a label, a comment or a correction"};
  }
  return Status();
}

Status insert_feedback(SqliteDatabase& database, const Feedback& feedback) {
  ASSIGN_OR_RETURN(SqliteStatement insert, database.prepare(sql::kInsertFeedback));
  insert.bind(1, std::string_view(feedback.call_id)).bind(2, feedback.time_ms);
  insert.bind(3, std::string_view(feedback.from)).bind(4, feedback.score);
  insert.bind(5, std::string_view(feedback.label)).bind(6, std::string_view(feedback.comment));
  insert.bind(7, std::string_view(feedback.correction)).bind(8, std::string_view(feedback.answer_id));
  return insert.bind(9, std::string_view(feedback.call_id)).run();
}

Result<int64_t> delete_batch(SqliteDatabase& database, std::span<const std::string> ids) {
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::begin(database));
  int64_t deleted = 0;
  for (const std::string_view query : {sql::kDeleteAnswersTo, sql::kDeleteCall}) {
    ASSIGN_OR_RETURN(SqliteStatement statement, database.prepare(query));
    for (const std::string& id : ids) {
      RETURN_IF_ERROR(statement.bind(1, std::string_view(id)).run());
      deleted += database.changes();
    }
  }
  RETURN_IF_ERROR(transaction.commit());
  return deleted;
}

}  // namespace

struct Store::Impl {
  Impl(SqliteDatabase write, SqliteDatabase read)
      : writer(std::move(write)),
        reader(std::move(read)),
        queue([this](std::span<const Call> calls) { return commit(calls); }) {}

  std::vector<Status> commit(std::span<const Call> calls) {
    std::vector<Status> statuses(calls.size());
    const std::lock_guard lock(writer_mutex);
    const Status written = write_batch(writer, calls, statuses);
    if (!written.ok()) statuses.assign(calls.size(), written);
    return statuses;
  }

  // What was erased also leaves the log. A reader in the middle of a query delays it until the next time.
  Status empty_log() { return writer.execute("PRAGMA wal_checkpoint(TRUNCATE)"); }

  std::mutex writer_mutex, reader_mutex;
  SqliteDatabase writer, reader;
  AppendQueue queue;  // last: its thread uses the rest
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::string& path) {
  RETURN_IF_ERROR(create_private_file(path));
  ASSIGN_OR_RETURN(SqliteDatabase writer, open_ledger(path, Access::write));
  RETURN_IF_ERROR(migrate(writer, kMigrations, path));
  ASSIGN_OR_RETURN(SqliteDatabase reader, open_ledger(path, Access::read));
  return std::unique_ptr<Store>(new Store(std::make_unique<Impl>(std::move(writer), std::move(reader))));
}

Result<std::string> Store::append(Call call) {
  std::promise<Result<std::string>> promise;
  append_async(std::move(call), [&](Result<std::string> id) { promise.set_value(std::move(id)); });
  return promise.get_future().get();
}

void Store::append_async(Call call, std::function<void(Result<std::string>)> done) {
  if (const Status ready = make_ready(call); !ready.ok()) return done(ready.error());
  impl_->queue.push(std::move(call), [id = call.id, done = std::move(done)](const Status& status) {
    done(status.ok() ? Result<std::string>(id) : Result<std::string>(status.error()));
  });
}

Result<size_t> Store::import(std::span<const Call> calls) {
  const std::lock_guard lock(impl_->writer_mutex);
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::begin(impl_->writer));
  ASSIGN_OR_RETURN(CallWriter writer, CallWriter::prepare(impl_->writer));
  const int64_t now = unix_ms_now();
  size_t added = 0;
  for (Call call : calls) {
    RETURN_IF_ERROR(make_ready(call));
    ASSIGN_OR_RETURN(const bool is_new, writer.insert(call, now));
    added += is_new ? 1 : 0;
  }
  RETURN_IF_ERROR(transaction.commit());
  return added;
}

Result<Call> Store::get(std::string_view id) const {
  const std::lock_guard lock(impl_->reader_mutex);
  CallQuery query;
  query.add("id = ?", std::string(id));
  ASSIGN_OR_RETURN(std::vector<Call> calls, query.read(impl_->reader, 1, Bodies::read));
  if (calls.empty()) return no_such_call(id);
  return std::move(calls[0]);
}

Result<Call> Store::find(std::string_view beginning) const {
  const std::lock_guard lock(impl_->reader_mutex);
  CallQuery query;
  query.add("id >= ?", std::string(beginning));
  query.add("id < ?", std::string(beginning) + '~');  // after every character of an id
  ASSIGN_OR_RETURN(std::vector<Call> calls, query.read(impl_->reader, 2, Bodies::read));
  if (calls.empty()) return no_such_call(beginning);
  if (calls.size() > 1) {
    return Error{ErrorCode::invalid_argument, fmt::format("more than one call begins with '{}'", beginning),
                 "", "Give more of the id"};
  }
  return std::move(calls[0]);
}

Result<CallPage> Store::list(const CallFilter& filter, int limit, const std::string& cursor,
                             Bodies bodies) const {
  const std::lock_guard lock(impl_->reader_mutex);
  return CallQuery(filter).page(impl_->reader, limit, cursor, bodies);
}

Result<CallPage> Store::training_calls(const CallFilter& filter, int limit, const std::string& cursor) const {
  const std::lock_guard lock(impl_->reader_mutex);
  CallQuery query(filter);
  query.add(sql::kMayTrain);
  return query.page(impl_->reader, limit, cursor, Bodies::read);
}

Result<int64_t> Store::count(const CallFilter& filter) const {
  const std::lock_guard lock(impl_->reader_mutex);
  return CallQuery(filter).count(impl_->reader);
}

Status Store::set_task(std::span<const std::string> ids, const std::string& task) {
  RETURN_IF_ERROR(check_field("task", task));
  const std::lock_guard lock(impl_->writer_mutex);
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::begin(impl_->writer));
  ASSIGN_OR_RETURN(SqliteStatement update, impl_->writer.prepare(sql::kSetTask));
  for (const std::string& id : ids) {
    RETURN_IF_ERROR(update.bind(1, std::string_view(task)).bind(2, std::string_view(id)).run());
    if (impl_->writer.changes() == 0) return no_such_call(id);
  }
  return transaction.commit();
}

Result<Feedback> Store::add_feedback(Feedback feedback) {
  RETURN_IF_ERROR(check_feedback(feedback));
  const std::lock_guard lock(impl_->writer_mutex);
  ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::begin(impl_->writer));
  CallQuery query;
  query.add("id = ?", feedback.call_id);
  ASSIGN_OR_RETURN(const std::vector<Call> calls, query.read(impl_->writer, 1, Bodies::read));
  if (calls.empty()) return no_such_call(feedback.call_id);
  feedback.time_ms = unix_ms_now();
  feedback.answer_id.clear();
  if (!feedback.correction.empty()) {
    ASSIGN_OR_RETURN(Call answer,
                     person_answer(calls[0], feedback.correction, feedback.from, feedback.time_ms));
    RETURN_IF_ERROR(make_ready(answer));
    ASSIGN_OR_RETURN(CallWriter writer, CallWriter::prepare(impl_->writer));
    RETURN_IF_ERROR(writer.insert(answer, feedback.time_ms));
    feedback.answer_id = answer.id;
  }
  RETURN_IF_ERROR(insert_feedback(impl_->writer, feedback));
  RETURN_IF_ERROR(transaction.commit());
  return feedback;
}

Result<std::vector<Feedback>> Store::feedback(std::string_view call_id) const {
  const std::lock_guard lock(impl_->reader_mutex);
  ASSIGN_OR_RETURN(SqliteStatement row, impl_->reader.prepare(sql::kReadFeedback));
  row.bind(1, call_id);
  std::vector<Feedback> all;
  while (true) {
    ASSIGN_OR_RETURN(const bool is_row, row.step());
    if (!is_row) return all;
    all.push_back({row.text(0), row.integer(1), row.text(2), row.optional_real(3), row.text(4), row.text(5),
                   row.text(6), row.text(7)});
  }
}

Result<int64_t> Store::erase(const CallFilter& filter) {
  int64_t erased = 0;
  while (true) {
    const std::lock_guard lock(impl_->writer_mutex);
    ASSIGN_OR_RETURN(const std::vector<std::string> ids, CallQuery(filter).ids(impl_->writer, kEraseBatch));
    if (ids.empty()) {
      RETURN_IF_ERROR(impl_->empty_log());
      return erased;
    }
    ASSIGN_OR_RETURN(const int64_t batch, delete_batch(impl_->writer, ids));
    erased += batch;
  }
}

Result<int64_t> Store::erase(std::span<const std::string> ids) {
  const std::lock_guard lock(impl_->writer_mutex);
  ASSIGN_OR_RETURN(const int64_t erased, delete_batch(impl_->writer, ids));
  RETURN_IF_ERROR(impl_->empty_log());
  return erased;
}

Result<int64_t> Store::delete_older_than(int days) {
  if (days < 0 || days > kMaxRetentionDays) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} days; expected 0 to {}", days, kMaxRetentionDays), "retention", ""};
  }
  CallFilter old;
  old.recorded_before_ms = unix_ms_now() - days * kMsPerDay;
  return erase(old);
}

}  // namespace understudy
