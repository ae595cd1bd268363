#include "flywheel/mine.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "flywheel/contract.h"
#include "flywheel/dates.h"
#include "flywheel/divide.h"
#include "flywheel/limits.h"
#include "flywheel/shingle_index.h"
#include "flywheel/slot_rules.h"
#include "flywheel/todays_date.h"
#include "flywheel/tokens.h"

namespace understudy {
namespace {

// Calls of one project with equal parts: only their texts can differ.
class Bucket {
 public:
  Bucket(std::span<const Call> calls, std::span<const ReadCall> read, std::vector<size_t> members);

  // The tasks among them; calls[i] of a task are indexes of calls.
  struct FoundTask {
    Task task;
    std::vector<size_t> calls;
    std::optional<Stays> stays;  // it is no task after all: why
  };
  std::vector<FoundTask> mine();

 private:
  std::vector<FoundSkeleton> skeletons() const;
  bool take_skeletons(const std::vector<uint32_t>& group, std::vector<bool>& alive,
                      std::vector<FoundSkeleton>& all) const;
  FoundTask to_task(const FoundSkeleton& found) const;
  std::optional<Stays> why_no_task(const Task& task, const std::vector<uint32_t>& prompts) const;

  std::span<const Call> calls_;
  std::span<const ReadCall> read_;
  std::vector<Prompt> prompts_;
  std::vector<std::vector<size_t>> calls_of_;  // by prompt
};

// Whether the contract of `wide` accepts prompts of `narrow`: it would then accept them with any edit, too, where
// it has a slot and `narrow` has constant text.
bool is_wider(const Task& wide, const Task& narrow) {
  if (narrow.skeleton.constant_bytes() <= wide.skeleton.constant_bytes()) return false;
  std::vector<std::string_view> values;
  for (const Slot& slot : narrow.slots)
    values.push_back(slot.values.empty() ? std::string_view("x") : std::string_view(slot.values[0]));
  RequestShape prompt{std::nullopt, narrow.parts, false, render(narrow.skeleton, values)};
  return match(wide, narrow.project, prompt).matches();
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += std::to_string(text.size()) + ':' + text;
  return all;
}

Bucket::Bucket(std::span<const Call> calls, std::span<const ReadCall> read, std::vector<size_t> members)
    : calls_(calls), read_(read) {
  std::unordered_map<std::string, size_t> known;
  for (const size_t call : members) {
    const RequestShape& request = read[call].request;
    const auto [entry, is_new] = known.emplace(joined(request.texts), prompts_.size());
    if (is_new) {
      prompts_.push_back({{request.texts.begin(), request.texts.end()}, &read[call].answer});
      calls_of_.emplace_back();
    }
    calls_of_[entry->second].push_back(call);
  }
}

// Divides the group; the prompts of what was found are alive no more.
bool Bucket::take_skeletons(const std::vector<uint32_t>& group, std::vector<bool>& alive,
                            std::vector<FoundSkeleton>& all) const {
  bool any = false;
  for (FoundSkeleton& found : divide(prompts_, group)) {
    std::erase_if(found.prompts, [&](uint32_t prompt) { return !alive[prompt]; });
    if (found.prompts.size() < kMinCalls) continue;
    for (const uint32_t prompt : found.prompts) alive[prompt] = false;
    any = true;
    // A group need not have all prompts of its skeleton; the others come with a later one.
    const auto same = std::find_if(
        all.begin(), all.end(), [&](const FoundSkeleton& other) { return other.skeleton == found.skeleton; });
    if (same == all.end()) {
      all.push_back(std::move(found));
      continue;
    }
    same->prompts.insert(same->prompts.end(), found.prompts.begin(), found.prompts.end());
    std::sort(same->prompts.begin(), same->prompts.end());
  }
  return any;
}

std::vector<FoundSkeleton> Bucket::skeletons() const {
  std::unordered_map<std::string_view, std::vector<uint64_t>> of_text;  // system prompts repeat
  std::vector<std::vector<uint64_t>> shingles;
  for (const Prompt& prompt : prompts_) {
    std::vector<uint64_t>& all = shingles.emplace_back();
    for (size_t i = 0; i < prompt.texts.size(); ++i) {
      auto [entry, is_new] = of_text.try_emplace(prompt.texts[i]);
      if (is_new) entry->second = shingles_of(prompt.texts[i], 0);
      for (const uint64_t hash : entry->second) all.push_back(mix(hash, i));
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
  }
  const bool has_schema = read_[calls_of_[0][0]].request.has_schema;
  const ShingleIndex index(shingles, kMinCalls, has_schema ? 1 : kMinShingles);
  std::vector<bool> alive(prompts_.size(), true), tried(prompts_.size(), false);
  std::vector<FoundSkeleton> all;
  size_t failures = 0;
  for (size_t next = 0; next < prompts_.size() && failures < kMaxFailures;) {
    const uint32_t seed = index.seeds()[next];
    if (!alive[seed] || tried[seed]) {
      ++next;
      continue;
    }
    tried[seed] = true;
    std::vector<uint32_t> narrowest;
    bool found_any = false;
    for (const std::vector<uint32_t>& group : index.groups_of(seed, alive)) {
      found_any = take_skeletons(group, alive, all);
      if (found_any) break;
      ++failures;
      narrowest = group;
    }
    if (found_any) {  // what is left may be a task now that these are gone: from the first seed again
      tried.assign(prompts_.size(), false);
      next = 0;
      continue;
    }
    for (const uint32_t prompt : narrowest) tried[prompt] = true;
    ++next;
  }
  return all;
}

std::vector<std::string> roles_of(const RequestShape& request) {
  std::vector<std::string> roles;
  for (size_t begin = 0; begin <= request.parts.layout.size();) {
    const size_t end = std::min(request.parts.layout.find(',', begin), request.parts.layout.size());
    roles.push_back(request.parts.layout.substr(begin, end - begin));
    begin = end + 1;
  }
  return roles.size() == request.texts.size() ? roles : std::vector<std::string>();
}

std::optional<Stays> Bucket::why_no_task(const Task& task, const std::vector<uint32_t>& prompts) const {
  const RequestShape& first = read_[calls_of_[prompts[0]][0]].request;
  if (task.skeleton.constant_words() < kMinConstantWords && !first.has_schema) return Stays::open_ended;
  std::vector<const CallAnswer*> answers;
  for (const uint32_t prompt : prompts) answers.push_back(prompts_[prompt].answer);
  if (profile_of(answers).kind != AnswerKind::text) return std::nullopt;
  const bool free_message = std::any_of(
      task.skeleton.messages.begin(), task.skeleton.messages.end(), [](const MessageSkeleton& message) {
        return message.slots() > 0 &&
               std::all_of(message.literals.begin(), message.literals.end(),
                           [](const std::string& text) { return count_words(text) == 0; });
      });
  return free_message ? std::optional(Stays::open_ended) : std::nullopt;
}

Bucket::FoundTask Bucket::to_task(const FoundSkeleton& found) const {
  FoundTask result;
  std::vector<int64_t> days;
  for (const uint32_t prompt : found.prompts) {
    for (const size_t call : calls_of_[prompt]) {
      result.calls.push_back(call);
      days.push_back(calls_[call].time_ms / (24 * 3600 * 1000));
    }
  }
  std::sort(result.calls.begin(), result.calls.end());
  const size_t first = result.calls[0];
  Task& task = result.task;
  task.project = calls_[first].project;
  task.parts = read_[first].request.parts;
  task.skeleton = with_todays_date_as_slot(found.skeleton, days);
  std::vector<SlotValues> values(task.skeleton.slots());
  for (const uint32_t prompt : found.prompts) {
    const SkeletonMatch match = match_skeleton(task.skeleton, prompts_[prompt].texts);
    for (size_t i = 0; i < match.slots.size(); ++i) ++values[i][match.slots[i]];
  }
  const std::vector<std::string> names = slot_names(task.skeleton, roles_of(read_[first].request));
  for (size_t i = 0; i < names.size(); ++i) task.slots.push_back({names[i], closed_values(values[i])});
  result.stays = why_no_task(task, found.prompts);
  return result;
}

std::vector<Bucket::FoundTask> Bucket::mine() {
  std::vector<FoundTask> found;
  if (prompts_.size() >= kMinCalls) {
    for (const FoundSkeleton& each : skeletons()) found.push_back(to_task(each));
  }
  for (FoundTask& wide : found) {
    for (const FoundTask& narrow : found) {
      if (&wide != &narrow && !wide.stays && !narrow.stays && is_wider(wide.task, narrow.task)) {
        wide.stays = Stays::wider;
      }
    }
  }
  for (size_t prompt = 0; prompt < prompts_.size(); ++prompt) {
    if (calls_of_[prompt].size() < kMinCalls) continue;
    FoundTask same;
    same.stays = Stays::repeated;
    same.calls = calls_of_[prompt];
    found.insert(found.begin(), std::move(same));  // before the tasks, which take their calls back
  }
  return found;
}

}  // namespace

ReadCall read_call(const Call& call) {
  ReadCall read{read_request(call.request), {}};
  if (call.status == 0 || (call.status >= 200 && call.status < 300)) read.answer = read_answer(call.response);
  if (!read.request.stays && read.answer.kind == AnswerKind::none) read.request.stays = Stays::no_answer;
  return read;
}

Mining mine(std::span<const Call> calls, std::span<const ReadCall> read, std::span<const Task> known,
            const std::function<void(size_t)>& progress) {
  Mining mining{{known.begin(), known.end()}, std::vector<Placement>(calls.size())};
  TaskIndex index;
  for (const Task& task : known) index.add(task);
  std::map<std::string, std::vector<size_t>> buckets;
  size_t placed = 0;
  for (size_t i = 0; i < calls.size(); ++i) {
    const RequestShape& request = read[i].request;
    if (request.stays) {
      mining.placements[i].stays = *request.stays;
    } else if (const auto found = index.find(calls[i].project, request)) {
      mining.placements[i].task = found->task;
    } else {
      buckets[parts_key(calls[i].project, request.parts)].push_back(i);
      continue;
    }
    ++placed;
  }
  if (progress) progress(placed);
  TaskIndex added;
  std::vector<size_t> left;
  for (auto& [parts, members] : buckets) {
    placed += members.size();
    left.insert(left.end(), members.begin(), members.end());
    for (Bucket::FoundTask& found : Bucket(calls, read, std::move(members)).mine()) {
      const bool wider = !found.stays && std::any_of(known.begin(), known.end(), [&](const Task& narrow) {
        return is_wider(found.task, narrow);
      });
      if (wider) found.stays = Stays::wider;
      for (const size_t call : found.calls) {
        mining.placements[call].stays = found.stays.value_or(Stays::alone);
        if (!found.stays) mining.placements[call].task = mining.tasks.size();
      }
      if (found.stays) continue;
      mining.tasks.push_back(found.task);
      added.add(std::move(found.task));
    }
    if (progress) progress(placed);
  }
  // Calls that came to no group may still match what was found.
  for (const size_t call : left) {
    Placement& placement = mining.placements[call];
    if (placement.task) continue;
    const auto found = added.find(calls[call].project, read[call].request);
    if (found) placement.task = known.size() + found->task;
  }
  return mining;
}

}  // namespace understudy
