#include "grammar/byte_trie.h"

#include <algorithm>

namespace understudy {

ByteTrie::ByteTrie(std::vector<std::pair<std::string, Entry>> texts) {
  std::stable_sort(texts.begin(), texts.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<size_t> path;  // nodes of the text before
  std::string_view before;
  for (const auto& [text, entry] : texts) {
    size_t common = 0;
    while (common < std::min(before.size(), text.size()) && before[common] == text[common]) common++;
    while (path.size() > common) {
      nodes_[path.back()].end = static_cast<uint32_t>(nodes_.size());
      path.pop_back();
    }
    for (size_t i = common; i < text.size(); i++) {
      path.push_back(nodes_.size());
      const auto first = static_cast<uint32_t>(entries_.size());
      nodes_.push_back({static_cast<uint8_t>(text[i]), static_cast<uint16_t>(i + 1), 0, first, first});
      depth_ = std::max(depth_, static_cast<uint16_t>(i + 1));
    }
    entries_.push_back(entry);
    if (text.empty()) {
      roots_++;
    } else {
      nodes_[path.back()].last = static_cast<uint32_t>(entries_.size());
    }
    before = text;
  }
  for (const size_t node : path) nodes_[node].end = static_cast<uint32_t>(nodes_.size());
}

}  // namespace understudy
