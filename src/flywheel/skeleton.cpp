#include "flywheel/skeleton.h"

#include <string.h>  // memmem

#include "flywheel/tokens.h"

namespace understudy {
namespace {

// The first place at or after `from` where `what` ends at or before `limit`; npos if there is none. memmem,
// because it is linear for hostile texts too, which string_view::find is not.
size_t find_within(std::string_view text, std::string_view what, size_t from, size_t limit) {
  if (from > limit || limit - from < what.size()) return std::string_view::npos;
  const void* found = ::memmem(text.data() + from, limit - from, what.data(), what.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace

size_t Skeleton::slots() const {
  size_t count = 0;
  for (const MessageSkeleton& message : messages) count += message.slots();
  return count;
}

size_t Skeleton::constant_bytes() const {
  size_t bytes = 0;
  for (const MessageSkeleton& message : messages) {
    for (const std::string& literal : message.literals) bytes += literal.size();
  }
  return bytes;
}

size_t Skeleton::constant_words() const {
  size_t words = 0;
  for (const MessageSkeleton& message : messages) {
    for (const std::string& literal : message.literals) words += count_words(literal);
  }
  return words;
}

SkeletonMatch match_message(const MessageSkeleton& skeleton, std::string_view text) {
  using Outcome = SkeletonMatch::Outcome;
  const std::vector<std::string>& literals = skeleton.literals;
  SkeletonMatch match;
  if (literals.size() == 1) {
    match.outcome = text == literals[0] ? Outcome::matched : Outcome::differs;
    return match;
  }
  if (!text.starts_with(literals.front())) return match;
  match.literal = literals.size() - 1;
  if (!text.ends_with(literals.back())) return match;
  if (text.size() < literals.front().size() + literals.back().size()) return match;

  // Each literal between as far left as it can stand.
  const size_t limit = text.size() - literals.back().size();
  std::vector<size_t> begins(literals.size());
  size_t from = literals.front().size();
  for (size_t i = 1; i + 1 < literals.size(); ++i) {
    begins[i] = find_within(text, literals[i], from, limit);
    match.literal = i;
    if (begins[i] == std::string_view::npos) return match;
    from = begins[i] + literals[i].size();
  }
  begins.back() = limit;
  // The cut is unique if none can stand further right while those after it stay.
  for (size_t i = literals.size() - 2; i >= 1; --i) {
    if (find_within(text, literals[i], begins[i] + 1, begins[i + 1]) == std::string_view::npos) continue;
    match.outcome = Outcome::ambiguous;
    match.literal = i;
    return match;
  }
  match.outcome = Outcome::matched;
  match.literal = 0;
  size_t end = literals.front().size();
  for (size_t i = 1; i < literals.size(); ++i) {
    match.slots.push_back(text.substr(end, begins[i] - end));
    end = begins[i] + literals[i].size();
  }
  return match;
}

SkeletonMatch match_skeleton(const Skeleton& skeleton, std::span<const std::string_view> texts) {
  SkeletonMatch all;
  if (texts.size() != skeleton.messages.size()) return all;
  for (size_t i = 0; i < texts.size(); ++i) {
    SkeletonMatch one = match_message(skeleton.messages[i], texts[i]);
    if (!one.matched()) {
      one.message = i;
      one.slots.clear();
      return one;
    }
    all.slots.insert(all.slots.end(), one.slots.begin(), one.slots.end());
  }
  all.outcome = SkeletonMatch::Outcome::matched;
  return all;
}

std::vector<std::string> render(const Skeleton& skeleton, std::span<const std::string_view> slots) {
  std::vector<std::string> texts;
  size_t next = 0;
  for (const MessageSkeleton& message : skeleton.messages) {
    std::string& text = texts.emplace_back(message.literals.front());
    for (size_t i = 1; i < message.literals.size(); ++i) {
      text += slots[next++];
      text += message.literals[i];
    }
  }
  return texts;
}

}  // namespace understudy
