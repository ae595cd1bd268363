#include "app/calls_transfer.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "app/progress.h"
#include "base/file_descriptor.h"
#include "store/call_formats/reader.h"
#include "store/call_id.h"
#include "store/prices.h"

namespace understudy {
namespace {

constexpr size_t kImportBatch = 500;  // calls in one transaction
constexpr int kExportPage = 200;

std::optional<uint64_t> size_of_regular_file(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return static_cast<uint64_t>(info.st_size);
}

void complete(Call& call, const ImportOptions& options, int64_t now_ms) {
  if (call.project.empty()) call.project = options.project;
  if (call.time_ms == 0) {
    call.time_ms = now_ms;
    call.id = new_call_id(now_ms);
  }
  if (!call.cost_usd && call.origin == Origin::incumbent) {
    call.cost_usd = upstream_cost_usd(call, PriceTable::defaults());
  }
}

// Reads the whole file; `store` null only checks it.
Result<ImportCount> read_file(CallReader& reader, Store* store, const ImportOptions& options,
                              Progress* progress) {
  ImportCount count;
  std::vector<Call> batch;
  const int64_t now = unix_ms_now();
  const auto write = [&]() -> Status {
    if (store != nullptr && !batch.empty()) {
      ASSIGN_OR_RETURN(const size_t added, store->import(batch));
      count.imported += static_cast<int64_t>(added);
      count.already_there += static_cast<int64_t>(batch.size() - added);
    }
    batch.clear();
    return Status();
  };
  while (true) {
    auto call = reader.next();
    if (!call.ok() && (!options.skip_broken || call.error().code == ErrorCode::io)) return call.error();
    if (!call.ok()) {
      if (count.broken++ == 0) count.first_broken = call.error().message();
      continue;
    }
    if (!*call) break;
    complete(**call, options, now);
    batch.push_back(std::move(**call));
    if (batch.size() == kImportBatch) RETURN_IF_ERROR(write());
    if (progress != nullptr) progress->update(reader.bytes_read());
  }
  RETURN_IF_ERROR(write());
  count.other_rows = reader.other_rows();
  return count;
}

// Why this call may not be written in that form; "" if it may.
Result<std::string> superseded(const Store& store, const CallFormat& format, const Call& call) {
  if (&format != &kMessagesFormat) return std::string();
  CallFilter answers;
  answers.answer_to = call.origin == Origin::person ? call.answer_to : call.id;
  ASSIGN_OR_RETURN(const CallPage newest, store.list(answers, 1, "", Bodies::leave_out));
  const bool is_last = newest.calls.empty() || newest.calls[0].id == call.id;
  return std::string(is_last ? "" : "a person gave a better answer");
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Result<File> open_output(const std::string& path) {
  if (path.empty()) return File(stdout, [](std::FILE* file) { return std::fflush(file); });
  FileDescriptor descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!descriptor.valid()) return system_error("cannot write the file", path);
  std::FILE* file = ::fdopen(::dup(descriptor.get()), "w");
  if (file == nullptr) return system_error("cannot write the file", path);
  return File(file, std::fclose);
}

}  // namespace

Result<ImportCount> import_calls(Store& store, const ImportOptions& options) {
  const auto size = size_of_regular_file(options.file);
  if (size && !options.skip_broken) {
    ASSIGN_OR_RETURN(CallReader reader, CallReader::open(options.file, options.format));
    const auto checked = read_file(reader, nullptr, options, nullptr);
    if (!checked.ok()) {
      Error error = checked.error();
      if (error.hint.empty())
        error.hint = "Nothing was imported; --skip-broken passes over such rows and counts them";
      return error;
    }
  }
  ASSIGN_OR_RETURN(CallReader reader, CallReader::open(options.file, options.format));
  Progress progress("importing", size.value_or(0), 0);
  auto count = read_file(reader, &store, options, &progress);
  if (size) progress.update(*size);
  return count;
}

Result<ExportCount> export_calls(const Store& store, const CallFilter& filter, const std::string& format,
                                 const std::string& path) {
  ASSIGN_OR_RETURN(const CallFormat* form, call_format_named(format));
  if (form->write == nullptr) {
    return Error{ErrorCode::invalid_argument, "calls are only read in the form '" + format + "'", "--format",
                 "Written are: calls, pairs, messages"};
  }
  ASSIGN_OR_RETURN(const File file, open_output(path));
  ExportCount count;
  std::string cursor;
  do {
    ASSIGN_OR_RETURN(const CallPage page, store.list(filter, kExportPage, cursor));
    for (const Call& call : page.calls) {
      ASSIGN_OR_RETURN(const std::string reason, superseded(store, *form, call));
      auto line = reason.empty() ? form->write(call)
                                 : Result<std::string>(Error{ErrorCode::unsupported, reason, "", ""});
      if (!line.ok()) {
        ++count.left_out[line.error().what];
        continue;
      }
      std::fwrite(line->data(), 1, line->size(), file.get());
      std::fputc('\n', file.get());
      ++count.exported;
    }
    cursor = page.cursor;
  } while (!cursor.empty());
  if (std::fflush(file.get()) != 0 || std::ferror(file.get()) != 0)
    return system_error("cannot write the calls", path);
  return count;
}

}  // namespace understudy
