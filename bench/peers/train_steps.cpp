// Steps of LoRA training on fixed tokens: our side of bench/peers/train.py.
// usage: train_steps MODEL.gguf IDS STEPS RANK LEARNING_RATE THREADS
// IDS: text, one sequence of token ids a line; all of them are one batch, and every token but the first of each is
// predicted. AdamW at a fixed rate, no decay, no clipping, scale 2. The first step is not timed. stdout: one JSON line.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "arch/adapters.h"
#include "arch/network.h"
#include "base/thread_pool.h"
#include "engine/model.h"
#include "train/adamw.h"

namespace understudy {
namespace {

struct Options {
  const char *model, *ids;
  int steps, rank;
  float rate;
  int threads;
};

struct Sequence {
  std::vector<int32_t> tokens, targets;
};

Result<std::vector<Sequence>> read_sequences(const char* path, int vocabulary) {
  std::vector<Sequence> sequences;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    Sequence sequence;
    std::istringstream words(line);
    for (int32_t token; words >> token;) {
      if (token < 0 || token >= vocabulary) {
        return Error{ErrorCode::invalid_argument, fmt::format("id {} is not in the vocabulary", token), path,
                     "make the ids with this model's tokenizer"};
      }
      if (!sequence.tokens.empty()) sequence.targets.push_back(token);
      sequence.tokens.push_back(token);
    }
    if (sequence.tokens.empty()) continue;
    sequence.targets.push_back(-1);
    sequences.push_back(std::move(sequence));
  }
  if (sequences.empty()) return Error{ErrorCode::invalid_argument, "there are no token ids", path, ""};
  return sequences;
}

Status run(const Options& options) {
  ASSIGN_OR_RETURN(const auto model, Model::load(std::string(options.model), {.threads = options.threads}));
  const TrainableNetwork* network = model->network().trainable();
  if (network == nullptr)
    return Error{ErrorCode::unsupported, "this model cannot be trained", options.model, ""};
  ASSIGN_OR_RETURN(const auto sequences, read_sequences(options.ids, model->network().vocabulary()));
  std::vector<TrainingSequence> batch;
  size_t tokens = 0, targets = 0;
  for (const Sequence& sequence : sequences) {
    batch.push_back({sequence.tokens, sequence.targets});
    tokens += sequence.tokens.size();
    targets += sequence.tokens.size() - 1;
  }
  const float alpha = 2 * static_cast<float>(options.rank);
  ASSIGN_OR_RETURN(Adapter adapter, make_adapter(model->network(), {.rank = options.rank, .alpha = alpha}));
  ThreadPool pool(options.threads);
  const auto workspace = make_workspace(pool);
  std::vector<float> gradient(adapter.values.size());
  AdamWState state{0, std::vector<float>(gradient.size()), std::vector<float>(gradient.size())};

  std::string losses;
  std::chrono::steady_clock::time_point start;
  for (int step = 0; step < options.steps; step++) {
    if (step == 1) start = std::chrono::steady_clock::now();
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    const double scale = 1 / static_cast<double>(targets);
    const double loss =
        scale * network->train_step(batch, adapter, static_cast<float>(scale), gradient, *workspace);
    adamw_step({}, options.rate, gradient, 1, state, adapter.values);
    losses += fmt::format("{}{:.6f}", step > 0 ? ", " : "", loss);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  size_t trained = 0;
  for (const AdapterPair& pair : adapter.pairs)
    trained += static_cast<size_t>(pair.rank) * static_cast<size_t>(pair.inputs + pair.outputs);
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  fmt::print(
      "{{\"tokens_per_s\": {:.2f}, \"losses\": [{}], \"trained_values\": {}, \"peak_bytes\": {}, "
      "\"numerics\": "
      "\"{}\"}}\n",
      static_cast<double>(tokens) * (options.steps - 1) / seconds, losses, trained,
      static_cast<int64_t>(used.ru_maxrss) * 1024, model->network().numerics());
  return {};
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  using namespace understudy;
  const Options options = argc == 7 ? Options{argv[1],
                                              argv[2],
                                              std::atoi(argv[3]),
                                              std::atoi(argv[4]),
                                              static_cast<float>(std::atof(argv[5])),
                                              std::atoi(argv[6])}
                                    : Options{};
  if (options.steps < 2) {
    fmt::print(stderr,
               "usage: train_steps MODEL.gguf IDS STEPS RANK LEARNING_RATE THREADS, at least 2 steps\n");
    return 64;
  }
  const Status status = run(options);
  if (!status.ok()) fmt::print(stderr, "train_steps: {}\n", status.error().message());
  return status.ok() ? 0 : 1;
}
