// The prompt skeleton of a task: the text that all its calls share, with slots for what varies.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

// One message: literals[0] slot literals[1] slot ... literals[n]. The first and the last literal may be empty;
// those between are not. A message without slots is one literal, and equal to it.
struct MessageSkeleton {
  std::vector<std::string> literals;

  size_t slots() const { return literals.size() - 1; }
  friend bool operator==(const MessageSkeleton&, const MessageSkeleton&) = default;
};

struct Skeleton {
  std::vector<MessageSkeleton> messages;

  size_t slots() const;
  size_t constant_bytes() const;
  size_t constant_words() const;
  friend bool operator==(const Skeleton&, const Skeleton&) = default;
};

// Where a prompt leaves a skeleton.
struct SkeletonMatch {
  enum class Outcome {
    matched,
    differs,    // `literal` of `message` is not where it must be, or there are other messages
    ambiguous,  // `literal` of `message` could stand at two places: nobody knows where the slots end
  };
  Outcome outcome = Outcome::differs;
  size_t message = 0;
  size_t literal = 0;
  std::vector<std::string_view> slots;  // views into the texts; filled when matched

  bool matched() const { return outcome == Outcome::matched; }
};

// Compares bytes, without exceptions for white space or case. A match is the only way to cut these texts:
// rendering the slots gives the texts back, and no other slots do. Time is linear in the texts.
SkeletonMatch match_skeleton(const Skeleton& skeleton, std::span<const std::string_view> texts);
SkeletonMatch match_message(const MessageSkeleton& skeleton, std::string_view text);

// The texts with these slots; `slots` holds skeleton.slots() of them.
std::vector<std::string> render(const Skeleton& skeleton, std::span<const std::string_view> slots);

}  // namespace understudy
