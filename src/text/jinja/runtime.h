// One render's budget, and the only way to make strings, lists and dicts: everything they cost is counted
// here.
#pragma once

#include <ctime>
#include <vector>

#include "base/result.h"
#include "text/jinja/limits.h"
#include "text/jinja/text.h"
#include "text/jinja/value.h"

namespace understudy::jinja {

class Runtime {
 public:
  explicit Runtime(std::time_t now) : now_(now) {}
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  std::time_t now() const { return now_; }

  Status spend(size_t steps);
  // The cost of looking at `bytes` bytes of text.
  Status spend_bytes(size_t bytes) { return spend(bytes / kBytesPerStep); }
  // The same, character by character.
  Status spend_walk(size_t bytes) { return spend(bytes / kWalkedBytesPerStep); }
  // Looking up `key` in a dict.
  Status spend_key(const Value& key) { return key.is_text() ? spend_bytes(key.bytes().size()) : Status(); }

  Result<Value> text(PromptText text);
  Result<Value> finish(TextBuilder& builder);
  Result<Value> sequence(std::vector<Value> items, Sequence::Kind kind = Sequence::Kind::list);
  Result<Value> dict(Dict dict);
  Result<Value> make_namespace(std::map<std::string, Value, std::less<>> members);

  // Nested evaluation; enter() pairs with leave().
  Status enter();
  void leave() { --depth_; }

 private:
  std::time_t now_;
  size_t steps_ = 0;
  int depth_ = 0;
  std::vector<NamespacePtr> namespaces_;
};

// The items that a `for` over `value` would see. Error for what is not iterable.
Result<std::vector<Value>> iterate(Runtime& runtime, const Value& value);

// An error about what the template does with what it was given.
Error type_error(std::string what);

}  // namespace understudy::jinja
