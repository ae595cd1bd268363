-- A ledger of version 1, as store/sql.h made it then, with a call, its feedback and a person's answer.
PRAGMA application_id = 1431192658;
CREATE TABLE ledger_version (version INTEGER NOT NULL PRIMARY KEY, applied_ms BIGINT NOT NULL);
INSERT INTO ledger_version (version, applied_ms) VALUES (1, 1750000000000);
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
INSERT INTO calls (id, time_ms, recorded_ms, project, session, task, answer_to, endpoint, model, origin, route, reason, provider, target_model, model_hash, adapter_hash, streamed, status, prompt_tokens, completion_tokens, cached_tokens, queue_ms, first_token_ms, total_ms, cpu_seconds, cost_usd, error, import_key, request, response)
VALUES ('call_01jxt21q00e8kbcf2tpy8vep2a', 1750000000000, 1750000000650, 'support', 's1', 'intents', NULL, '/v1/chat/completions', 'gpt-4o', 'incumbent', 'up', 'no_policy', 'openai', 'gpt-4o-2024-08-06', '', '', 1, 200, 12, 3, 4, NULL, 80.5, 612.5, NULL, 6e-05, '', NULL, X'7b226d6f64656c223a226770742d346f222c226d65737361676573223a5b7b22726f6c65223a2275736572222c22636f6e74656e74223a227768657265206973206d7920636172643f227d5d7d', X'7b2263686f69636573223a5b5d7d');
INSERT INTO calls (id, time_ms, recorded_ms, project, session, task, answer_to, endpoint, model, origin, route, reason, provider, target_model, model_hash, adapter_hash, streamed, status, prompt_tokens, completion_tokens, cached_tokens, queue_ms, first_token_ms, total_ms, cpu_seconds, cost_usd, error, import_key, request, response)
VALUES ('call_01jxt23hk0fx5vsa9mkvef9ews', 1750000060000, 1750000060000, 'support', 's1', 'intents', 'call_01jxt21q00e8kbcf2tpy8vep2a', '/v1/chat/completions', 'gpt-4o', 'person', '', '', 'ann', '', '', '', 0, 200, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL, X'7b226d6f64656c223a226770742d346f222c226d65737361676573223a5b7b22726f6c65223a2275736572222c22636f6e74656e74223a227768657265206973206d7920636172643f227d5d7d', X'7b2263686f69636573223a5b7b22696e646578223a302c226d657373616765223a7b22726f6c65223a22617373697374616e74222c22636f6e74656e74223a226c6f73745f63617264227d2c2266696e6973685f726561736f6e223a2273746f70227d5d7d');
INSERT INTO call_tags (call_id, position, tag) VALUES ('call_01jxt21q00e8kbcf2tpy8vep2a', 0, 'production'), ('call_01jxt21q00e8kbcf2tpy8vep2a', 1, 'beta');
INSERT INTO feedback (call_id, position, time_ms, from_whom, score, label, comment, correction, answer_id)
VALUES ('call_01jxt21q00e8kbcf2tpy8vep2a', 1, 1750000060000, 'ann', 0, 'lost_card', '', '"lost_card"', 'call_01jxt23hk0fx5vsa9mkvef9ews');
