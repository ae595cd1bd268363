// Limits of the model file readers, in one place. They bound what a hostile file can make a reader do.
#pragma once

#include <cstddef>
#include <cstdint>

namespace understudy {

// Memory for decoded metadata and tensor tables: at most the file's size plus this. The slack is there
// because a value can be wider in memory than in the file (an empty string: 8 bytes become 32). Files with
// weights need none of it; a vocabulary-only file of Gemma 4's size (262,144 tokens, 514,906 merges) takes 36
// MB for 17 MB.
constexpr uint64_t kDecodeSlackBytes = 32 << 20;

constexpr uint64_t kMaxKeyBytes = 65535;  // GGUF specification
constexpr uint64_t kMaxTensorNameBytes = 64;
constexpr uint32_t kMaxTensorAxes = 4;

constexpr int64_t kDefaultAlignment = 32;  // GGUF specification
// GGUF asks for a multiple of 8; 64 KiB is the largest page size of common machines.
constexpr int64_t kMinAlignment = 8;
constexpr int64_t kMaxAlignment = 65536;

// Of safetensors files and Hugging Face folders. Parsed JSON takes up to 40 times its text (base/json.h), so
// the texts are bounded. The largest known: 0.3 MB for a file's header; 9 MB for the index of a model of
// 91,991 tensors; 33 MB for Gemma 3's tokenizer.json.
constexpr uint64_t kMaxSafetensorsHeaderBytes = 4 << 20;
constexpr uint64_t kMaxHfJsonBytes = 16 << 20;
constexpr uint64_t kMaxHfTokenizerBytes = 64 << 20;
constexpr uint64_t kMaxHfTensorNameBytes = 256;
constexpr size_t kMaxHfJsonDepth = 32;
constexpr size_t kMaxModelParts = 1024;  // files of one model; the largest known has 191
constexpr int kMaxHfLayers = 1024;

constexpr size_t kMaxShownBytes = 100;  // of a name in an error message

}  // namespace understudy
