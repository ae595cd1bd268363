// Texts as a tree of bytes, laid out depth first, so that a walk that meets a dead end skips what lies under
// it. The vocabulary of a model is one; so are the ends of its tokens behind a closing quote.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "text/tokenizer.h"

namespace understudy {

class ByteTrie {
 public:
  struct Node {
    uint8_t byte = 0;
    uint16_t depth = 0;            // bytes up to and with this one
    uint32_t end = 0;              // the first node that is not under this one
    uint32_t first = 0, last = 0;  // of entries(): those that end here
  };
  static constexpr uint16_t kUncounted = UINT16_MAX;
  struct Entry {
    TokenId id = -1;
    uint16_t characters =
        0;  // that a counted string takes of it (state_mask.h); kUncounted: it holds no string
  };

  // Texts may repeat. The empty text's entries are roots().
  explicit ByteTrie(std::vector<std::pair<std::string, Entry>> texts);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Entry>& entries() const { return entries_; }
  size_t roots() const { return roots_; }  // entries [0, roots()) have no bytes
  uint16_t depth() const { return depth_; }

 private:
  std::vector<Node> nodes_;
  std::vector<Entry> entries_;
  size_t roots_ = 0;
  uint16_t depth_ = 0;  // of the deepest node
};

}  // namespace understudy
