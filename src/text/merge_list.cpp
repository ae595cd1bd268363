#include "text/merge_list.h"

#include "text/check_spec.h"

namespace understudy {
namespace {

Error merge_error(size_t rank, const std::string& merge, const char* what) {
  return corrupt_tokenizer("merge " + std::to_string(rank) + ", \"" + merge + "\", " + what,
                           "tokenizer.ggml.merges");
}

}  // namespace

Result<MergeTable> build_merges(const Vocabulary& vocabulary, const std::vector<std::string>& merges,
                                std::optional<std::string> (*decode)(std::string_view)) {
  MergeTable table(merges.size());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string_view merge = merges[rank];
    const size_t space = merge.find(' ');
    if (space == std::string_view::npos) return merge_error(rank, merges[rank], "is not two tokens");
    const auto left = decode(merge.substr(0, space)), right = decode(merge.substr(space + 1));
    if (!left || !right) return merge_error(rank, merges[rank], "joins what is no token");
    const TokenId left_id = vocabulary.find(*left), right_id = vocabulary.find(*right);
    const TokenId merged_id = vocabulary.find(*left + *right);
    if (left_id < 0 || right_id < 0) return merge_error(rank, merges[rank], "joins what is no token");
    if (merged_id < 0) return merge_error(rank, merges[rank], "gives no token");
    const Vocabulary::Type type = vocabulary.type(merged_id);
    if (type == Vocabulary::Type::normal || type == Vocabulary::Type::user_defined)
      table.insert(left_id, right_id, {rank, merged_id});
  }
  return table;
}

}  // namespace understudy
