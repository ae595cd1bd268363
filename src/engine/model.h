// Model: network, tokenizer and chat template of one model file, ready to run. Immutable after loading;
// shared between threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arch/network.h"
#include "base/result.h"
#include "engine/model_location.h"
#include "formats/model_file.h"
#include "ops/attention.h"
#include "tensor/packed_weights.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"
#include "text/tool_calls/tool_call_format.h"

namespace understudy {

struct KernelTable;

struct ModelOptions {
  int threads = 0;                                             // for packing; 0: all that the process may use
  const KernelTable* kernels = nullptr;                        // nullptr: select_kernels()
  KvType kv = KvType::f16;                                     // how the network keeps keys and values
  PackedWeights::Access packed = PackedWeights::Access::read;  // of the packed copy
};

// Of the architecture, the shapes and the head of every tensor: tells models apart without reading them
// whole.
std::string model_digest(const ModelFile& file);

class Model {
 public:
  // Reads and validates a model (formats/read_model.h), with its tokenizer and chat template. The weights come from the
  // location's packed copy, which is written if it is missing or of another model.
  static Result<std::shared_ptr<const Model>> load(const ModelLocation& location,
                                                   const ModelOptions& options = {});
  // The network alone (tests: random golden models have no tokenizer). `file` is not needed afterwards.
  static Result<std::shared_ptr<const Model>> from_file(const ModelFile& file,
                                                        const ModelOptions& options = {});

  const Network& network() const { return *network_; }
  std::shared_ptr<const Network> shared_network() const { return network_; }
  // Of a model made by load(); nullptr after from_file().
  const std::shared_ptr<const Tokenizer>& tokenizer() const { return tokenizer_; }
  const std::shared_ptr<const ChatTemplate>& chat_template() const { return chat_template_; }
  const ToolCallFormat& tool_call_format() const {
    return *tool_call_format_;
  }  // that the chat template teaches
  bool is_chat() const { return is_chat_; }  // the file brings a template; base models get the plain one
  const std::vector<TokenId>& end_tokens() const { return end_tokens_; }  // end of text, end of turn
  int trained_context() const { return trained_context_; }                // 0: unknown
  const std::string& architecture() const { return architecture_; }
  const std::string& digest() const { return digest_; }  // of header and layout; part of every cache key
  // Why the packed copy could not be written; ok if none was wanted.
  const Status& packed_copy() const { return packed_copy_; }

 private:
  static Result<std::shared_ptr<Model>> build(const ModelFile& file, const ModelOptions& options,
                                              const ModelLocation& location);

  std::shared_ptr<const Network> network_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::shared_ptr<const ChatTemplate> chat_template_;
  const ToolCallFormat* tool_call_format_ = nullptr;
  std::vector<TokenId> end_tokens_;
  bool is_chat_ = false;
  int trained_context_ = 0;
  std::string architecture_, digest_;
  Status packed_copy_;
};

}  // namespace understudy
