// The merges of byte-pair encoding as files list them: "left right", by rank.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/bpe_merge.h"
#include "text/pair_table.h"
#include "text/vocabulary.h"

namespace understudy {

using MergeTable = PairTable<BpeMerge>;

// What each pair of tokens merges into. `decode` turns a token as it is spelled in the list into what
// `vocabulary` holds, if it can. Merges into other tokens than normal and user-defined ones are left out:
// text never merges into a control token. Errors: a merge that is not two tokens, or whose result is no
// token.
Result<MergeTable> build_merges(const Vocabulary& vocabulary, const std::vector<std::string>& merges,
                                std::optional<std::string> (*decode)(std::string_view));

}  // namespace understudy
