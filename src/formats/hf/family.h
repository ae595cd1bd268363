// HfFamily: how a model family of transformers becomes the neutral keys and tensors that src/arch reads. A
// family is declared beside its architecture (src/arch/<family>.cpp) and registers itself under the
// model_type of config.json.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/hf/config.h"
#include "formats/model_file.h"

namespace understudy {

// What becomes of a tensor's values or shape, so that it is what a GGUF file would hold.
enum class HfTransform {
  none,
  add_one,         // w -> 1 + w in f32: norms that transformers stores without their one
  interleave,      // rows i and i + D / 2 of each head become rows 2i and 2i + 1: rope over adjacent pairs
  drop_unit_axes,  // the kernel of a depthwise convolution, (C, 1, taps)
};

// One row: transformers' name and the neutral one, with * for the number of a layer. An empty neutral name:
// the tensor holds nothing that the config does not say.
struct HfTensor {
  std::string_view source, neutral;
  HfTransform transform = HfTransform::none;
};

// What a family says beside its tensors.
class HfKeys {
 public:
  explicit HfKeys(std::string_view architecture);

  void set(std::string_view key, MetaValue value);  // "<architecture>.<key>"
  // A tensor that the config implies (rope factors).
  void add_tensor(std::string name, std::vector<float> values);
  void set_tied(bool tied) { tied_ = tied; }  // the head is the embedding; an lm_head.weight is ignored

  bool tied() const { return tied_; }
  Metadata& metadata() { return metadata_; }
  std::vector<std::pair<std::string, std::vector<float>>>& tensors() { return tensors_; }

 private:
  std::string prefix_;
  Metadata metadata_;
  std::vector<std::pair<std::string, std::vector<float>>> tensors_;
  bool tied_ = false;
};

struct HfFamily {
  std::string_view model_type, architecture;
  std::vector<HfTensor> tensors;
  void (*translate)(HfConfig& config, HfKeys& keys);
};

// Registers at start-up; use as a namespace-scope constant in the family's file.
class RegisterHfFamily {
 public:
  explicit RegisterHfFamily(HfFamily family);
};

// nullptr if there is no such family.
const HfFamily* find_hf_family(std::string_view model_type);
std::vector<std::string_view> hf_model_types();  // sorted

}  // namespace understudy
