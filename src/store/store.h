// Store: the ledger. Calls and what people say of them, in one SQLite database (docs/design/ledger.md).
//
// Thread-safe; several processes may have one database open. Reads never wait for writes. Every write is one
// transaction: after an error (disk full, read-only, database of another program, kill -9) the store is as it
// was before. Errors: invalid_argument (the call breaks a limit), not_found, corrupt (the file is not a ledger, is
// damaged or is from a newer program), exhausted (disk or queue full), io.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/call.h"
#include "store/feedback.h"

namespace understudy {

// Which calls; what is not set does not matter.
struct CallFilter {
  std::optional<std::string> project, task, model, session, tag;
  std::optional<Origin> origin;
  std::optional<int> status;
  std::optional<int64_t> since_ms, until_ms;  // since <= time < until
  std::optional<int64_t>
      recorded_before_ms;  // when the store got it; for an imported call that is the import
  std::optional<std::string> answer_to;
};

struct CallPage {
  std::vector<Call> calls;  // newest first
  std::string cursor;       // gives the next page; "" after the last
};

enum class Bodies { read, leave_out };

class Store {
 public:
  // Opens the database file, creating it (0600) and its folder (0700) when they are missing, and brings the
  // tables of an older program up to date.
  static Result<std::unique_ptr<Store>> open(const std::string& path);
  // Writes what was queued first.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Returns when the call is durable. An empty id is given one for its time_ms; returns the id.
  Result<std::string> append(Call call);
  // The same without waiting: `done` is called exactly once, on the store's thread or, when the call is refused at
  // once, on this one; it must not block or call the store. Calls that wait together become durable together,
  // with one wait for the disk; a call that is refused does not harm the others.
  void append_async(Call call, std::function<void(Result<std::string>)> done);
  // One transaction. Rows that are there already (by id or import key) are left alone; returns how many were new.
  Result<size_t> import(std::span<const Call> calls);

  // Error{not_found} if there is none.
  Result<Call> get(std::string_view id) const;
  // The one call whose id begins so. Error{invalid_argument} if there are several.
  Result<Call> find(std::string_view beginning) const;
  // At most `limit` (1 to kMaxPageCalls) calls, from `cursor` on.
  Result<CallPage> list(const CallFilter& filter, int limit, const std::string& cursor = "",
                        Bodies bodies = Bodies::read) const;
  // The same of what may be a training target: answers with status 200 and a body, and never a local one, whatever
  // the filter says (P2).
  Result<CallPage> training_calls(const CallFilter& filter, int limit, const std::string& cursor = "") const;
  Result<int64_t> count(const CallFilter& filter) const;

  // Says of these calls that they belong to the task.
  Status set_task(std::span<const std::string> ids, const std::string& task);

  // Records it and returns it as stored. A correction becomes a call of origin person in the same transaction.
  Result<Feedback> add_feedback(Feedback feedback);
  // Of one call, oldest first.
  Result<std::vector<Feedback>> feedback(std::string_view call_id) const;

  // Removes the calls, what was said of them and the answers of persons to them, in small transactions; their bytes
  // are overwritten in the file. Returns how many calls went. If it fails, what is gone is gone: repeat it.
  Result<int64_t> erase(const CallFilter& filter);
  Result<int64_t> erase(std::span<const std::string> ids);
  // What the store got more than `days` ago.
  Result<int64_t> delete_older_than(int days);

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy
