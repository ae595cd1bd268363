// Any JSON object as tokenizer.json gives an error that says where, or a vocabulary with as many types as
// tokens and scores or merges to go with them.
#include "base/json.h"
#include "formats/hf/bpe.h"
#include "require.h"

using namespace understudy;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto json = parse_json({reinterpret_cast<const char*>(data), size});
  if (!json.ok() || !json->is_object()) return 0;
  auto vocabulary = HfVocabulary::read(json->get_object(), 4096, "fuzz");
  if (!vocabulary.ok()) {
    require(vocabulary.error().where.starts_with("fuzz") && !vocabulary.error().what.empty());
    return 0;
  }
  const size_t tokens = vocabulary->texts().size();
  require(vocabulary->types().size() == tokens && tokens <= 4096);
  Metadata keys;
  const Status status = add_hf_bpe(json->get_object(), *vocabulary, "fuzz", keys);
  if (!status.ok()) {
    require(status.error().where.starts_with("fuzz") && !status.error().what.empty());
    return 0;
  }
  const auto* scores = keys.array<double>("tokenizer.ggml.scores");
  const auto* merges = keys.array<std::string>("tokenizer.ggml.merges");
  require(scores != nullptr ? scores->size() == tokens : merges != nullptr);
  for (const int64_t type : vocabulary->types()) require(type >= 1 && type <= 6);
  return 0;
}
