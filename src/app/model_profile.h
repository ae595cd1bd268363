// What a model's parts hold, read and take: the figures of `understudy profile`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "blocks/block.h"

namespace understudy {

// Blocks of a kind (and window) summed, in the model's order.
struct ProfilePart {
  Cost cost;
  int blocks = 0;
  double decode_share = 0, prefill_share = 0;  // of the measured time; 0 if none was
};

struct Measurement {
  double decode_tokens_per_s = 0, prefill_tokens_per_s = 0;
};

struct ModelProfile {
  std::string name;
  double assumed_bits = 0;  // a weight, of a model known from its config alone; 0: the weights are there
  std::vector<ProfilePart> parts;
  int64_t parameters = 0, table_parameters = 0;  // table: embedding and head
  int64_t multiply_adds = 0;                     // a token, besides attention's
  int64_t state_bytes_a_token = 0, snapshot_bytes = 0;
  std::optional<Measurement> measured;

  double embedding_share() const;  // of the parameters
};

// `decode_seconds` and `prefill_seconds`: one a cost, or empty.
ModelProfile make_profile(std::string name, const std::vector<Cost>& costs,
                          const std::vector<double>& decode_seconds = {},
                          const std::vector<double>& prefill_seconds = {});

// What one token of one stream reads at `depth` tokens of context, by its purpose.
struct BytesRead {
  double head = 0, mixers = 0, mlp = 0, state = 0;  // mixers: attention and what stands in its place
  double total() const { return head + mixers + mlp + state; }
};
BytesRead bytes_read(const ModelProfile& profile, int depth);

}  // namespace understudy
