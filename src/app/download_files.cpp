#include "app/download_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "app/git_blob_id.h"
#include "app/progress.h"
#include "base/sha256.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;

std::string shown_name(const SourceFile& file) { return file.path.empty() ? "the file" : file.path; }

// Compares what is at `path` with what the source says of it.
Status check_digest(const SourceFile& file, const std::string& path, const std::string& sha256) {
  const auto differs = [&](const char* digest, const std::string& found, const std::string& expected) {
    return Error{ErrorCode::corrupt, fmt::format("the {} is {}, expected {}", digest, found, expected),
                 shown_name(file), "The download was removed"};
  };
  if (!file.sha256.empty() && sha256 != file.sha256) return differs("SHA-256", sha256, file.sha256);
  if (file.git_blob_id.empty()) return Status();
  ASSIGN_OR_RETURN(const std::string id, git_blob_id_of_file(path));
  return id == file.git_blob_id ? Status() : Status(differs("git blob id", id, file.git_blob_id));
}

bool is_verifiable(const SourceFile& file) { return !file.sha256.empty() || !file.git_blob_id.empty(); }

// The file as an earlier pull left it, if it is whole.
bool is_whole(const SourceFile& file, const std::string& path, DownloadedFile& found) {
  struct stat info{};
  if (!is_verifiable(file) || ::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  auto sha256 = sha256_of_file(path);
  if (!sha256.ok() || !check_digest(file, path, *sha256).ok()) return false;
  found = {{file.path, static_cast<uint64_t>(info.st_size), *sha256}, true};
  return true;
}

Error system_failure(const char* what, const std::string& path, const std::error_code& code) {
  return Error{ErrorCode::io, fmt::format("{}: {}", what, code.message()), path, ""};
}

Status remove_others(const std::string& folder, const std::set<std::string>& wanted) {
  std::error_code code;
  std::vector<fs::path> others;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder, code)) {
    const bool is_folder = entry.is_directory(code) && !entry.is_symlink(code);
    if (!is_folder && !wanted.contains(fs::relative(entry.path(), folder, code)))
      others.push_back(entry.path());
  }
  for (const fs::path& path : others) fs::remove(path, code);
  return code ? Status(system_failure("cannot tidy the folder", folder, code)) : Status();
}

}  // namespace

Result<DownloadedFile> download_file(Source& source, const SourceFile& file, const std::string& partial_path,
                                     uint64_t room) {
  ASSIGN_OR_RETURN(PartialFile partial, PartialFile::open(partial_path));
  if (partial.size() > 0)
    fmt::print(stderr, "{} were there from an earlier pull\n", human_bytes(partial.size()));
  RETURN_IF_ERROR(partial.check_room(room - std::min(room, partial.size())));
  if (Status fetched = source.fetch(file, partial); !fetched.ok()) {
    if (partial.size() == 0) partial.discard();
    return fetched.error();
  }
  ASSIGN_OR_RETURN(const std::string sha256, partial.finish());
  ::unlink((partial_path + ".version").c_str());
  if (Status right = check_digest(file, partial_path, sha256); !right.ok()) {
    partial.discard();
    return right.error();
  }
  return DownloadedFile{{file.path, partial.size(), sha256}, is_verifiable(file)};
}

Result<std::vector<DownloadedFile>> download_folder(Source& source, const std::vector<SourceFile>& files,
                                                    const std::string& folder) {
  uint64_t room = 0;
  for (const SourceFile& file : files) {
    if (!is_part_path(file.path) || __builtin_add_overflow(room, file.bytes, &room)) {
      return Error{ErrorCode::corrupt, "the source names a file that a model cannot have",
                   fmt::format("{:?}", file.path.substr(0, 80)), ""};
    }
  }
  std::vector<DownloadedFile> done;
  std::set<std::string> wanted;
  for (const SourceFile& file : files) {
    const std::string path = folder + "/" + file.path;
    wanted.insert(file.path);
    std::error_code code;
    fs::create_directories(fs::path(path).parent_path(), code);
    if (code) return system_failure("cannot create the folder", folder, code);
    DownloadedFile found;
    if (!is_whole(file, path, found)) {
      ASSIGN_OR_RETURN(found, download_file(source, file, path + "~partial", room));
      fs::rename(path + "~partial", path, code);
      if (code) return system_failure("cannot move the file into place", path, code);
    }
    room -= file.bytes;
    done.push_back(std::move(found));
  }
  RETURN_IF_ERROR(remove_others(folder, wanted));
  return done;
}

}  // namespace understudy
