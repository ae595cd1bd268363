// Operations on strings shared by methods (x.strip()) and filters (x | trim). Every byte keeps its origin;
// where an untrusted argument decides what is cut or inserted, the whole result is untrusted.
#pragma once

#include "text/jinja/runtime.h"

namespace understudy::jinja {

enum class Side { left, right, both };

// `chars` null: white space.
Result<Value> strip(Runtime& runtime, const PromptText& text, const PromptText* chars, Side side);
// At most `count` replacements; negative: all. A replacement inside untrusted text is untrusted.
Result<Value> replace(Runtime& runtime, const PromptText& text, const PromptText& old,
                      const PromptText& fresh, int64_t count);
// `separator` null: runs of white space. At most `limit` cuts, from the left or the right; negative: all.
Result<Value> split(Runtime& runtime, const PromptText& text, const PromptText* separator, int64_t limit,
                    bool from_right);
Result<std::vector<Value>> split_lines(Runtime& runtime, const PromptText& text, bool keep_ends);

enum class Case { upper, lower, title, capitalize };
Result<Value> change_case(Runtime& runtime, const PromptText& text, Case wanted);

}  // namespace understudy::jinja
