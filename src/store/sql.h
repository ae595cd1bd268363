// The SQL of the ledger: its tables as numbered steps, and the statements.
//
// Standard SQL, so that PostgreSQL can take the place of SQLite; what differs there: BLOB is BYTEA, and parameters
// are $1, $2 ... (docs/design/ledger.md).
#pragma once

#include <span>
#include <string_view>

namespace understudy {

// A step from one version of the tables to the next. Steps that were released never change: a new version is a new
// step, and store/testing/ledger_v1.sql and its like hold the old ones for the tests.
struct Migration {
  int version;
  const char* sql;
};

inline constexpr Migration kMigrations[] = {
    {1, R"sql(
CREATE TABLE calls (
  id TEXT NOT NULL PRIMARY KEY,
  time_ms BIGINT NOT NULL,
  recorded_ms BIGINT NOT NULL,
  project TEXT NOT NULL,
  session TEXT NOT NULL,
  task TEXT NOT NULL,
  answer_to TEXT,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  origin TEXT NOT NULL CHECK (origin IN ('incumbent', 'local', 'person')),
  route TEXT NOT NULL,
  reason TEXT NOT NULL,
  provider TEXT NOT NULL,
  target_model TEXT NOT NULL,
  model_hash TEXT NOT NULL,
  adapter_hash TEXT NOT NULL,
  streamed SMALLINT NOT NULL,
  status INTEGER NOT NULL,
  prompt_tokens BIGINT,
  completion_tokens BIGINT,
  cached_tokens BIGINT,
  queue_ms DOUBLE PRECISION,
  first_token_ms DOUBLE PRECISION,
  total_ms DOUBLE PRECISION,
  cpu_seconds DOUBLE PRECISION,
  cost_usd DOUBLE PRECISION,
  error TEXT NOT NULL,
  import_key TEXT UNIQUE,
  request BLOB NOT NULL,
  response BLOB NOT NULL,
  CHECK ((origin = 'person') = (answer_to IS NOT NULL))
);
CREATE INDEX calls_project ON calls (project, id);
CREATE INDEX calls_session ON calls (session, id);
CREATE INDEX calls_task ON calls (task, id);
CREATE INDEX calls_recorded ON calls (recorded_ms);
CREATE INDEX calls_answer_to ON calls (answer_to);

CREATE TABLE call_tags (
  call_id TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (call_id, position)
);
CREATE INDEX call_tags_tag ON call_tags (tag, call_id);

CREATE TABLE feedback (
  call_id TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  time_ms BIGINT NOT NULL,
  from_whom TEXT NOT NULL,
  score DOUBLE PRECISION,
  label TEXT NOT NULL,
  comment TEXT NOT NULL,
  correction TEXT NOT NULL,
  answer_id TEXT NOT NULL,
  PRIMARY KEY (call_id, position)
);
)sql"},
};

namespace sql {

inline constexpr const char* kCreateVersion =
    "CREATE TABLE IF NOT EXISTS ledger_version (version INTEGER NOT NULL PRIMARY KEY, applied_ms BIGINT NOT "
    "NULL)";
inline constexpr std::string_view kReadVersion = "SELECT COALESCE(MAX(version), 0) FROM ledger_version";
inline constexpr std::string_view kWriteVersion =
    "INSERT INTO ledger_version (version, applied_ms) VALUES (?, ?)";

// In the order of call_row.cpp; recorded_ms is written last and never read into a Call.
inline constexpr std::string_view kCallColumns =
    "id, time_ms, project, session, task, answer_to, endpoint, model, origin, route, reason, provider, "
    "target_model, model_hash, adapter_hash, streamed, status, prompt_tokens, completion_tokens, "
    "cached_tokens, "
    "queue_ms, first_token_ms, total_ms, cpu_seconds, cost_usd, error, import_key";
inline constexpr std::string_view kBodyColumns = "request, response";
inline constexpr std::string_view kNoBodies = "'', ''";
// {}: kCallColumns, kBodyColumns, a "?" for each of them. Rows that are there (id, import_key) are left alone.
inline constexpr std::string_view kInsertCall =
    "INSERT INTO calls ({}, {}, recorded_ms) VALUES ({}, ?) ON CONFLICT DO NOTHING";
inline constexpr std::string_view kInsertTag =
    "INSERT INTO call_tags (call_id, position, tag) VALUES (?, ?, ?)";
inline constexpr std::string_view kReadTags = "SELECT tag FROM call_tags WHERE call_id = ? ORDER BY position";

// {}: kCallColumns, kBodyColumns or kNoBodies, conditions.
inline constexpr std::string_view kReadCalls = "SELECT {}, {} FROM calls WHERE {} ORDER BY id DESC LIMIT ?";
inline constexpr std::string_view kReadIds = "SELECT id FROM calls WHERE {} ORDER BY id DESC LIMIT ?";
inline constexpr std::string_view kCountCalls = "SELECT COUNT(*) FROM calls WHERE {}";

// Conditions.
inline constexpr std::string_view kHasTag =
    "EXISTS (SELECT 1 FROM call_tags WHERE call_tags.call_id = calls.id AND call_tags.tag = ?)";
// P2: what may be a training target. Every query that feeds a dataset has this condition in it.
inline constexpr std::string_view kMayTrain =
    "origin IN ('incumbent', 'person') AND status = 200 AND error = '' AND LENGTH(request) > 0 AND "
    "LENGTH(response) > 0";

inline constexpr std::string_view kSetTask = "UPDATE calls SET task = ? WHERE id = ?";
inline constexpr std::string_view kDeleteCall = "DELETE FROM calls WHERE id = ?";
inline constexpr std::string_view kDeleteAnswersTo = "DELETE FROM calls WHERE answer_to = ?";

inline constexpr std::string_view kInsertFeedback =
    "INSERT INTO feedback (call_id, position, time_ms, from_whom, score, label, comment, correction, "
    "answer_id) "
    "SELECT ?, COALESCE(MAX(position), 0) + 1, ?, ?, ?, ?, ?, ?, ? FROM feedback WHERE call_id = ?";
inline constexpr std::string_view kReadFeedback =
    "SELECT call_id, time_ms, from_whom, score, label, comment, correction, answer_id FROM feedback "
    "WHERE call_id = ? ORDER BY position";

}  // namespace sql
}  // namespace understudy
