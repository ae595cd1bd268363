// The folder of a run (train/sft.h): one process at a time, one manifest, a log that ends where the checkpoint says.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

class RunFolder {
 public:
  // Makes the folder and its manifest, or takes that of the same manifest, and locks it. Errors: forbidden (another
  // manifest, naming the first key that differs; files that are no run), exhausted (another process is at it), io.
  static Result<std::unique_ptr<RunFolder>> open(const std::string& folder,
                                                 const boost::json::object& manifest);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  std::string checkpoint_path() const { return folder_ + "/checkpoint"; }
  std::string adapter_path() const { return folder_ + "/adapter.safetensors"; }

  // Forgets what the log says behind its first `bytes`.
  Status cut_log(int64_t bytes);
  Status log(const boost::json::object& line);
  // Makes the log durable and gives its size.
  Result<int64_t> sync_log();

 private:
  explicit RunFolder(std::string folder) : folder_(std::move(folder)) {}
  Status prepare(const boost::json::object& manifest);

  std::string folder_;
  int lock_ = -1, log_ = -1;  // file descriptors
};

}  // namespace understudy
