#include "engine/prefill_plan.h"

#include <algorithm>
#include <numeric>

#include "engine/limits.h"

namespace understudy {

namespace {

int round_down(int value, int multiple) { return value / multiple * multiple; }

int last_boundary(int prompt_size) { return round_down(prompt_size - 1, kPageTokens); }

// The largest position up to `limit` from which another prompt can go on, once a prompt of `prompt_size` is
// computed.
int last_resumable(int limit, int prompt_size, bool snapshots) {
  if (!snapshots) return round_down(limit, kPageTokens);
  int position = round_down(limit, kSnapshotInterval);
  if (last_boundary(prompt_size) <= limit) position = std::max(position, last_boundary(prompt_size));
  return position;
}

// True if `older` will bring state that takes `younger` further than it is.
bool worth_waiting(const Prefilling& younger, const Prefilling& older, bool snapshots) {
  if (!younger.reuse || younger.key != older.key) return false;
  auto end =
      std::mismatch(younger.prompt.begin(), younger.prompt.end(), older.prompt.begin(), older.prompt.end());
  int common = static_cast<int>(end.first - younger.prompt.begin());
  common = std::min(common, static_cast<int>(younger.prompt.size()) - 1);
  int resumable = last_resumable(common, static_cast<int>(older.prompt.size()), snapshots);
  return resumable > younger.position && resumable > older.position;
}

}  // namespace

bool is_snapshot_position(int position, int prompt_size) {
  return position > 0 && position < prompt_size &&
         (position % kSnapshotInterval == 0 || position == last_boundary(prompt_size));
}

int next_cut(int position, int prompt_size, bool snapshots) {
  if (!snapshots) return prompt_size;
  int cut = std::min(round_down(position, kSnapshotInterval) + kSnapshotInterval, prompt_size);
  return last_boundary(prompt_size) > position ? std::min(cut, last_boundary(prompt_size)) : cut;
}

std::vector<int> plan_prefill(std::span<const Prefilling> sequences, const PrefillLimits& limits) {
  std::vector<size_t> eligible;
  size_t places = static_cast<size_t>(limits.rows / kPageTokens);  // each gets a page of rows at least
  for (size_t i = 0; i < sequences.size() && eligible.size() < places; i++) {
    auto waits_for = [&](const Prefilling& older) {
      return worth_waiting(sequences[i], older, limits.snapshots);
    };
    if (std::none_of(sequences.begin(), sequences.begin() + static_cast<ptrdiff_t>(i), waits_for))
      eligible.push_back(i);
  }
  auto wanted = [&](size_t i) {
    int size = static_cast<int>(sequences[i].prompt.size());
    return next_cut(sequences[i].position, size, limits.snapshots) - sequences[i].position;
  };
  // Those that want least first: what they leave of their share goes to the others.
  std::stable_sort(eligible.begin(), eligible.end(),
                   [&](size_t a, size_t b) { return wanted(a) < wanted(b); });

  std::vector<int> rows(sequences.size(), 0);
  int left = limits.rows, scored_left = limits.scored_rows;
  for (size_t n = 0; n < eligible.size(); n++) {
    size_t i = eligible[n];
    int share = left / static_cast<int>(eligible.size() - n);
    if (sequences[i].scored) share = std::min(share, scored_left);
    rows[i] = wanted(i) <= share ? wanted(i) : round_down(share, kPageTokens);
    left -= rows[i];
    if (sequences[i].scored) scored_left -= rows[i];
  }
  return rows;
}

}  // namespace understudy
