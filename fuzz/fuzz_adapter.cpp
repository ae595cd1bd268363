// Any bytes give an error that says where, or an adapter that fits the network and reads back from its own
// bytes.
#include "arch/adapter_file.h"
#include "arch/testing/layer_list.h"
#include "require.h"

using understudy::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const understudy::LayerList network({{"blk.0.attn_q", 32, 48}, {"blk.0.ffn_down", 64, 32}});
  auto file = understudy::read_adapter(std::as_bytes(std::span(data, size)), "fuzz", network, "base");
  if (!file.ok()) {
    require(file.error().where.starts_with("fuzz") && !file.error().what.empty());
    return 0;
  }
  require(understudy::check_adapter(file->adapter, network).ok());
  if (file->info.size() > understudy::kMaxAdapterInfoBytes) return 0;
  auto bytes = understudy::adapter_bytes(file->adapter, network, "base", file->info);
  require(bytes.ok());
  auto again = understudy::read_adapter(std::as_bytes(std::span(*bytes)), "fuzz", network, "base");
  require(again.ok() && again->adapter.values == file->adapter.values);
  return 0;
}
