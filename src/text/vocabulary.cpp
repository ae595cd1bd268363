#include "text/vocabulary.h"

#include <bit>
#include <functional>

namespace understudy {
namespace {

uint32_t hash_of(std::string_view bytes) {
  return static_cast<uint32_t>(std::hash<std::string_view>{}(bytes));
}

}  // namespace

Vocabulary::Vocabulary(std::vector<std::string> tokens, std::vector<Type> types)
    : tokens_(std::move(tokens)), types_(std::move(types)), slots_(std::bit_ceil(2 * tokens_.size() + 1)) {
  for (TokenId id = 0; id < size(); ++id) {
    if (type(id) == Type::normal) insert(id);
  }
  for (TokenId id = 0; id < size(); ++id) {
    if (type(id) != Type::normal && type(id) != Type::byte && type(id) != Type::unused) insert(id);
  }
}

void Vocabulary::insert(TokenId id) {
  const uint32_t hash = hash_of(tokens_[id]);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.id < 0) {
      slot = {hash, id};
      return;
    }
    if (slot.hash == hash && tokens_[slot.id] == tokens_[id]) return;
  }
}

TokenId Vocabulary::find(std::string_view bytes) const {
  const uint32_t hash = hash_of(bytes);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id < 0) return -1;
    if (slot.hash == hash && tokens_[slot.id] == bytes) return slot.id;
  }
}

}  // namespace understudy
