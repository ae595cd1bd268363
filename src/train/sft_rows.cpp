#include "train/sft_rows.h"

#include <fmt/format.h>

#include "base/sha256.h"
#include "train/step_plan.h"

namespace understudy {

Status check_rows(const Model& model, std::span<const SftRow> rows, std::string_view what) {
  const int vocabulary = model.network().vocabulary();
  const int context = model.trained_context();
  const int64_t most = context > 0 ? std::min(context, kMaxRowTokens) : kMaxRowTokens;
  for (size_t i = 0; i < rows.size(); i++) {
    const std::string where = fmt::format("{} {}", what, i + 1);
    const SftRow& row = rows[i];
    if (row.prompt.empty() || row.answer.empty())
      return Error{ErrorCode::invalid_argument, "a row needs a prompt and an answer", where, ""};
    for (const auto* tokens : {&row.prompt, &row.answer}) {
      for (const TokenId token : *tokens) {
        if (token < 0 || token >= vocabulary)
          return Error{ErrorCode::invalid_argument,
                       fmt::format("the token {} is outside of the vocabulary of {}", token, vocabulary),
                       where, ""};
      }
    }
    if (computed_tokens(row) > most)
      return Error{ErrorCode::context_overflow,
                   fmt::format("the row has {} tokens, the most are {}", computed_tokens(row), most), where,
                   "Shorten it or leave it out"};
  }
  return Status();
}

std::string hash_of(std::span<const SftRow> rows) {
  Sha256 hash;
  for (const SftRow& row : rows) {
    const uint64_t sizes[] = {row.prompt.size(), row.answer.size()};
    hash.update(std::as_bytes(std::span(sizes)));
    hash.update(std::as_bytes(std::span(row.prompt)));
    hash.update(std::as_bytes(std::span(row.answer)));
  }
  return hash.hex();
}

void SequenceBatch::fill(std::span<const SftRow> rows, std::span<const uint32_t> chosen) {
  tokens_.clear();
  targets_.clear();
  sequences_.clear();
  answer_tokens_ = 0;
  for (const uint32_t i : chosen) {
    const SftRow& row = rows[i];
    tokens_.insert(tokens_.end(), row.prompt.begin(), row.prompt.end());
    tokens_.insert(tokens_.end(), row.answer.begin(), row.answer.end() - 1);
    targets_.insert(targets_.end(), row.prompt.size() - 1, -1);
    targets_.insert(targets_.end(), row.answer.begin(), row.answer.end());
    answer_tokens_ += static_cast<int64_t>(row.answer.size());
  }
  size_t at = 0;
  for (const uint32_t i : chosen) {
    const auto size = static_cast<size_t>(computed_tokens(rows[i]));
    sequences_.push_back({std::span(tokens_).subspan(at, size), std::span(targets_).subspan(at, size)});
    at += size;
  }
}

}  // namespace understudy
