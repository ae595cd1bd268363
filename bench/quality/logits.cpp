// logits MODEL.gguf TOKENS.bin OUT.bin [--token-by-token] [--kv-int8] [--chunk N] [--threads N]
//
// Runs a model over one text and writes its logits: what bench/quality/kl.py compares with the reference.
// TOKENS.bin holds int32 ids, OUT.bin gets (n, V) f32. The text is scored as a prompt in chunks of N rows
// (default 256, the engine's), or decoded one generated row a step. UNDERSTUDY_ISA picks the kernel table.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "arch/contiguous_state.h"
#include "engine/model.h"

namespace understudy {
namespace {

struct Options {
  std::string model, tokens, out;
  bool token_by_token = false;
  KvType kv = KvType::f16;
  int chunk = 256, threads = 0;
};

Result<int> parse_count(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1)
    return Error{ErrorCode::invalid_argument, "expected a positive number, found \"" + text + "\"", "", ""};
  return value;
}

Result<Options> parse(const std::vector<std::string>& arguments) {
  Options options;
  std::vector<std::string> files;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--token-by-token") {
      options.token_by_token = true;
    } else if (arguments[i] == "--kv-int8") {
      options.kv = KvType::int8;
    } else if ((arguments[i] == "--chunk" || arguments[i] == "--threads") && i + 1 < arguments.size()) {
      int& target = arguments[i] == "--chunk" ? options.chunk : options.threads;
      ASSIGN_OR_RETURN(target, parse_count(arguments[++i]));
    } else {
      files.push_back(arguments[i]);
    }
  }
  if (files.size() != 3)
    return Error{ErrorCode::invalid_argument, "expected three files", "",
                 "usage: logits MODEL.gguf TOKENS.bin OUT.bin [--token-by-token] [--kv-int8] [--chunk N] "
                 "[--threads N]"};
  options.model = files[0], options.tokens = files[1], options.out = files[2];
  return options;
}

Result<std::vector<int32_t>> read_tokens(const std::string& path, int vocabulary) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return Error{ErrorCode::io, "cannot open the token file", path, ""};
  std::vector<int32_t> tokens(static_cast<size_t>(file.tellg()) / sizeof(int32_t));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(tokens.data()),
            static_cast<std::streamsize>(tokens.size() * sizeof(int32_t)));
  for (int32_t token : tokens)
    if (token < 0 || token >= vocabulary)
      return Error{ErrorCode::invalid_argument, "id " + std::to_string(token) + " is not in the vocabulary",
                   path, "make the ids with this model's tokenizer"};
  return tokens;
}

Status run(const Options& options) {
  ASSIGN_OR_RETURN(const auto model,
                   Model::load(options.model, {.threads = options.threads, .kv = options.kv}));
  const Network& network = model->network();
  ASSIGN_OR_RETURN(const std::vector<int32_t> tokens, read_tokens(options.tokens, network.vocabulary()));
  std::ofstream out(options.out, std::ios::binary);

  const int count = static_cast<int>(tokens.size());
  const int chunk = options.token_by_token ? 1 : options.chunk;
  ThreadPool pool(options.threads);
  auto workspace = make_workspace(pool);
  const ContiguousState state(network, count);
  for (int position = 0; position < count; position += chunk) {
    const int rows = std::min(chunk, count - position);
    Batch batch;
    batch.tokens.assign(tokens.begin() + position, tokens.begin() + position + rows);
    for (int row = 0; row < rows; ++row) batch.outputs.push_back(row);
    batch.sequences.push_back(
        state.rows(0, rows, position, options.token_by_token ? RowKind::generated : RowKind::prompt));
    const auto logits = network.forward(batch, *workspace);
    out.write(reinterpret_cast<const char*>(logits.data()),
              static_cast<std::streamsize>(logits.size_bytes()));
  }
  out.close();
  if (!out) return Error{ErrorCode::io, "cannot write the logits", options.out, "is the disk full?"};
  return {};
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  using namespace understudy;
  auto options = parse({argv + 1, argv + argc});
  const Status status = options.ok() ? run(*options) : Status(options.error());
  if (!status.ok()) std::fprintf(stderr, "logits: %s\n", status.error().message().c_str());
  return status.ok() ? 0 : 1;
}
