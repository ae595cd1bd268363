#include "flywheel/divide.h"

#include <algorithm>
#include <map>

#include "flywheel/consensus.h"
#include "flywheel/limits.h"
#include "flywheel/shingle_index.h"
#include "flywheel/slot_rules.h"
#include "flywheel/tokens.h"

namespace understudy {
namespace {

// Prompts that match a skeleton, with their slots.
struct Matched {
  std::vector<uint32_t> prompts;
  std::vector<std::vector<std::string_view>> slots;  // by prompt
};

class Divider {
 public:
  // `consensus_left` bounds the work: how many more times a consensus may be formed.
  Divider(const std::vector<Prompt>& prompts, size_t& consensus_left)
      : prompts_(prompts), consensus_left_(consensus_left) {}

  void divide(const std::vector<uint32_t>& group, int depth);
  std::vector<FoundSkeleton> take() { return std::move(found_); }

 private:
  Skeleton consensus_of(const std::vector<uint32_t>& group) const;
  Matched match_all(const Skeleton& skeleton, const std::vector<uint32_t>& group) const;
  bool drop_weak_literals(Skeleton& skeleton, const std::vector<uint32_t>& group, size_t matched) const;
  bool divide_by_versions(const Skeleton& skeleton, const Matched& matched, int depth);
  bool divide_by_instructions(const Skeleton& skeleton, const Matched& matched, size_t slot, int depth);
  bool take_tasks_apart(const Skeleton& within, const Matched& matched, size_t slot,
                        const std::vector<uint32_t>& group, int depth);
  bool is_task_apart(const Skeleton& within, const Matched& matched, size_t slot,
                     const FoundSkeleton& part) const;
  std::vector<const CallAnswer*> answers_of(const std::vector<uint32_t>& prompts) const;

  const std::vector<Prompt>& prompts_;
  size_t& consensus_left_;
  std::vector<FoundSkeleton> found_;
};

// The prompt of median length, so that the seed is neither cut short nor swollen.
uint32_t median_prompt(const std::vector<Prompt>& prompts, std::vector<uint32_t> group) {
  const auto length = [&](uint32_t prompt) {
    size_t bytes = 0;
    for (const std::string_view text : prompts[prompt].texts) bytes += text.size();
    return bytes;
  };
  const auto middle = group.begin() + static_cast<ptrdiff_t>(group.size() / 2);
  std::nth_element(group.begin(), middle, group.end(), [&](uint32_t a, uint32_t b) {
    const size_t length_a = length(a), length_b = length(b);
    return length_a != length_b ? length_a < length_b : a < b;
  });
  return *middle;
}

// Slots in which all prompts have one value are constant text after all.
bool merge_constant_slots(Skeleton& skeleton, const Matched& matched) {
  const std::vector<SlotPlace> places = slot_places(skeleton);
  bool merged = false;
  for (size_t slot = places.size(); slot-- > 0;) {
    const std::string_view value = matched.slots[0][slot];
    const bool constant = std::all_of(matched.slots.begin(), matched.slots.end(),
                                      [&](const auto& slots) { return slots[slot] == value; });
    if (!constant) continue;
    std::vector<std::string>& literals = skeleton.messages[places[slot].message].literals;
    const auto after = literals.begin() + static_cast<ptrdiff_t>(places[slot].literal);
    *(after - 1) += std::string(value) + *after;
    literals.erase(after);
    merged = true;
  }
  return merged;
}

Skeleton Divider::consensus_of(const std::vector<uint32_t>& group) const {
  const size_t size = std::min(group.size(), kMaxSample);
  std::vector<PromptTexts> sample;
  for (size_t i = 0; i < size; ++i) sample.emplace_back(prompts_[group[i * group.size() / size]].texts);
  return consensus(prompts_[median_prompt(prompts_, group)].texts, sample);
}

Matched Divider::match_all(const Skeleton& skeleton, const std::vector<uint32_t>& group) const {
  Matched matched;
  for (const uint32_t prompt : group) {
    SkeletonMatch match = match_skeleton(skeleton, prompts_[prompt].texts);
    if (!match.matched()) continue;
    matched.prompts.push_back(prompt);
    matched.slots.push_back(std::move(match.slots));
  }
  return matched;
}

std::vector<const CallAnswer*> Divider::answers_of(const std::vector<uint32_t>& prompts) const {
  std::vector<const CallAnswer*> answers;
  for (const uint32_t prompt : prompts) answers.push_back(prompts_[prompt].answer);
  return answers;
}

// A weak literal that all of a sample have may be missing from some of the rest: then it belongs to a slot.
bool Divider::drop_weak_literals(Skeleton& skeleton, const std::vector<uint32_t>& group,
                                 size_t matched) const {
  bool dropped = false;
  for (size_t m = 0; m < skeleton.messages.size(); ++m) {
    for (size_t i = 0; skeleton.messages[m].slots() > 0 && i < skeleton.messages[m].literals.size(); ++i) {
      const std::vector<std::string>& literals = skeleton.messages[m].literals;
      const bool at_end = i == 0 || i + 1 == literals.size();
      if (literals[i].empty() || holds_for_itself(literals[i], at_end)) continue;
      Skeleton without = skeleton;
      std::vector<std::string>& fewer = without.messages[m].literals;
      if (at_end) {
        fewer[i].clear();
      } else {
        fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i));
      }
      const size_t now = match_all(without, group).prompts.size();
      if (now <= matched) continue;
      matched = now;
      skeleton = std::move(without);
      i -= at_end ? 0 : 1;
      dropped = true;
    }
  }
  return dropped;
}

SlotValues values_of(const Matched& matched, size_t slot) {
  SlotValues values;
  for (const auto& slots : matched.slots) ++values[slots[slot]];
  return values;
}

bool Divider::divide_by_versions(const Skeleton& skeleton, const Matched& matched, int depth) {
  const std::vector<SlotPlace> places = slot_places(skeleton);
  for (size_t slot = 0; slot < places.size(); ++slot) {
    const std::vector<std::string_view> versions =
        versions_of(skeleton, places[slot], values_of(matched, slot));
    for (const std::string_view version : versions) {
      std::vector<uint32_t> part;
      for (size_t i = 0; i < matched.prompts.size(); ++i) {
        if (matched.slots[i][slot] == version) part.push_back(matched.prompts[i]);
      }
      divide(part, depth + 1);
    }
    if (!versions.empty()) return true;
  }
  return false;
}

bool Divider::is_task_apart(const Skeleton& within, const Matched& matched, size_t slot,
                            const FoundSkeleton& part) const {
  const size_t words = part.skeleton.constant_words(), words_within = within.constant_words();
  if (words < words_within + kShortInstructionWords) return false;
  const size_t gained = words - words_within;
  std::vector<uint32_t> rest;
  size_t slot_words = 0;
  for (size_t i = 0; i < matched.prompts.size(); ++i) {
    if (std::binary_search(part.prompts.begin(), part.prompts.end(), matched.prompts[i])) {
      slot_words += count_words(matched.slots[i][slot]);
    } else {
      rest.push_back(matched.prompts[i]);
    }
  }
  if (gained * 2 * part.prompts.size() < slot_words) return false;
  if (words_within < kMinConstantWords) return true;
  const auto of_part = answers_of(part.prompts), of_rest = answers_of(rest);
  const AnswerProfile profile = profile_of(of_part), profile_of_rest = profile_of(of_rest);
  if (!same_form(profile, profile_of_rest)) return true;
  return gained >= kLongInstructionWords && !same_answers(of_part, of_rest);
}

bool Divider::take_tasks_apart(const Skeleton& within, const Matched& matched, size_t slot,
                               const std::vector<uint32_t>& group, int depth) {
  Divider inside(prompts_, consensus_left_);
  inside.divide(group, depth + 1);
  bool any = false;
  for (FoundSkeleton& part : inside.take()) {
    if (!is_task_apart(within, matched, slot, part)) continue;
    found_.push_back(std::move(part));
    any = true;
  }
  return any;
}

bool Divider::divide_by_instructions(const Skeleton& skeleton, const Matched& matched, size_t slot,
                                     int depth) {
  // Each value once: what repeats as a whole is a value that repeats, not an instruction.
  std::map<std::string_view, std::vector<uint32_t>> holders;
  for (size_t i = 0; i < matched.prompts.size(); ++i)
    holders[matched.slots[i][slot]].push_back(matched.prompts[i]);
  if (holders.size() < kMinCalls) return false;
  std::vector<const std::vector<uint32_t>*> prompts_of;
  std::vector<std::vector<uint64_t>> shingles;
  for (const auto& [value, prompts] : holders) {
    prompts_of.push_back(&prompts);
    shingles.push_back(shingles_of(value, slot));
  }
  const ShingleIndex index(shingles, kMinCalls, 2);
  std::vector<bool> alive(shingles.size(), true), tried(shingles.size(), false);
  bool divided = false;
  for (const uint32_t seed : index.seeds()) {
    if (tried[seed]) continue;
    tried[seed] = true;
    for (const std::vector<uint32_t>& values : index.groups_of(seed, alive)) {
      std::vector<uint32_t> group;
      for (const uint32_t value : values) {
        tried[value] = true;
        group.insert(group.end(), prompts_of[value]->begin(), prompts_of[value]->end());
      }
      if (group.size() == matched.prompts.size()) continue;
      std::sort(group.begin(), group.end());
      if (take_tasks_apart(skeleton, matched, slot, group, depth)) {
        divided = true;
        break;
      }
    }
  }
  return divided;
}

void Divider::divide(const std::vector<uint32_t>& group, int depth) {
  if (group.size() < kMinCalls || depth > kMaxDivisions || consensus_left_ == 0) return;
  --consensus_left_;
  Skeleton skeleton = consensus_of(group);
  Matched matched = match_all(skeleton, group);
  const bool all_match = matched.prompts.size() == group.size();
  if (!all_match && drop_weak_literals(skeleton, group, matched.prompts.size()))
    matched = match_all(skeleton, group);
  if (matched.prompts.size() < kMinCalls) return;
  if (merge_constant_slots(skeleton, matched)) matched = match_all(skeleton, matched.prompts);
  if (matched.prompts.size() < kMinCalls || divide_by_versions(skeleton, matched, depth)) return;
  bool divided = false;
  for (size_t slot = 0; slot < skeleton.slots(); ++slot) {
    divided = divide_by_instructions(skeleton, matched, slot, depth) || divided;
  }
  if (!divided) found_.push_back({std::move(skeleton), std::move(matched.prompts)});
}

}  // namespace

std::vector<FoundSkeleton> divide(const std::vector<Prompt>& prompts, const std::vector<uint32_t>& group) {
  size_t consensus_left = kMaxConsensus;
  Divider divider(prompts, consensus_left);
  divider.divide(group, 0);
  return divider.take();
}

}  // namespace understudy
