// What a demo has done so far: a folder with one file that says which stages are done and what came out, so that a demo
// that was cut off goes on.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "app/demo/demo_options.h"
#include "base/result.h"

namespace understudy {

class DemoState {
 public:
  // Creates `folder` (0700) when it is missing; with options.fresh, what a demo left there goes first. Errors:
  // invalid_argument if the folder holds a demo with other options, or files of somebody else; corrupt; io.
  static Result<DemoState> open(const std::string& folder, const DemoOptions& options);

  const std::string& folder() const { return folder_; }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  // What a stage left; nullptr if it is not done.
  const boost::json::object* done(const std::string& stage) const;
  // Says that it is done; on the disk when it returns.
  Status finish(const std::string& stage, boost::json::object result);

  // Seconds of wall time and CPU that the demo took in earlier runs.
  double seconds() const { return number("seconds"); }
  double cpu_seconds() const { return number("cpu_seconds"); }
  Status set_times(double seconds, double cpu_seconds);

 private:
  double number(const char* key) const;
  Status save() const;
  std::string folder_;
  boost::json::object state_;
};

}  // namespace understudy
