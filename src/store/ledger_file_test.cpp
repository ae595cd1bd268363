// What the file may be: new, ours, of an older or a newer program, foreign, damaged, full.
#include "store/ledger_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/testing/temporary_folder.h"
#include "store/store.h"
#include "store/testing/sample_call.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;

Error error_of(const std::string& path) {
  auto store = Store::open(path);
  return store.ok() ? Error{ErrorCode::internal, "it opened", "", ""} : store.error();
}

mode_t mode_of(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

int64_t integer(SqliteDatabase& database, std::string_view query) {
  auto statement = database.prepare(query);
  if (!statement.ok() || !statement->step().ok()) return -1;
  return statement->integer(0);
}

std::string text(SqliteDatabase& database, std::string_view query) {
  auto statement = database.prepare(query);
  if (!statement.ok() || !statement->step().ok()) return "";
  return statement->text(0);
}

TEST(LedgerFile, FoldersAndFilesArePrivate) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a/b/ledger.db");
  const mode_t before = ::umask(0);
  auto store = Store::open(path);
  ::umask(before);
  ASSERT_TRUE(store.ok()) << store.error().message();
  ASSERT_TRUE(store.value()->append(sample_call()).ok());
  EXPECT_EQ(mode_of(folder.file("a")), 0700u);
  EXPECT_EQ(mode_of(folder.file("a/b")), 0700u);
  for (const char* end : {"", "-wal", "-shm"}) EXPECT_EQ(mode_of(path + end), 0600u) << end;
}

TEST(LedgerFile, TakesRightsOfOthersAway) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  ASSERT_TRUE(Store::open(path).ok());
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  ASSERT_TRUE(Store::open(path).ok());
  EXPECT_EQ(mode_of(path), 0600u);
}

TEST(LedgerFile, RefusesWhatIsNotARegularFile) {
  const TemporaryFolder folder;
  EXPECT_EQ(error_of("/dev/null/x/ledger.db").code, ErrorCode::io);
  fs::create_directory(folder.file("folder"));
  EXPECT_EQ(error_of(folder.file("folder")).code, ErrorCode::corrupt);
  ASSERT_TRUE(Store::open(folder.file("real.db")).ok());
  fs::create_symlink(folder.file("real.db"), folder.file("link.db"));
  EXPECT_EQ(error_of(folder.file("link.db")).code, ErrorCode::corrupt);
}

TEST(LedgerFile, RefusesFilesOfOthersAndLeavesThemAlone) {
  const TemporaryFolder folder;
  const std::string text_file = folder.file("notes.txt");
  write_file(text_file, std::string(5000, 'a'));
  EXPECT_EQ(error_of(text_file).code, ErrorCode::corrupt);
  EXPECT_NE(error_of(text_file).what.find("not an SQLite database"), std::string::npos);
  EXPECT_EQ(fs::file_size(text_file), 5000u);

  const std::string foreign = folder.file("foreign.db");
  write_file(foreign, "");
  {
    auto database = SqliteDatabase::open(foreign, 0);
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->execute("CREATE TABLE people (name TEXT)").ok());
  }
  auto bytes = fs::file_size(foreign);
  EXPECT_EQ(error_of(foreign).what, "the file is the database of another program");
  EXPECT_EQ(fs::file_size(foreign), bytes);
  EXPECT_FALSE(fs::exists(foreign + "-wal"));
}

TEST(LedgerFile, ATruncatedOrOverwrittenLedgerIsNamedDamaged) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  {
    auto store = Store::open(path);
    ASSERT_TRUE(store.ok());
    std::vector<Call> calls;
    for (int number = 0; number < 200; ++number) calls.push_back(sample_call(number));
    ASSERT_TRUE(store.value()->import(calls).ok());
  }
  const std::string cut = folder.file("cut.db"), overwritten = folder.file("overwritten.db");
  fs::copy_file(path, cut);
  fs::resize_file(cut, 4096);
  EXPECT_EQ(error_of(cut).code, ErrorCode::corrupt) << error_of(cut).message();

  fs::copy_file(path, overwritten);
  std::fstream file(overwritten, std::ios::binary | std::ios::in | std::ios::out);
  const std::string noise(4096, '\x5a');
  for (uintmax_t at = 4096; at < fs::file_size(path); at += 4096) {
    file.seekp(static_cast<std::streamoff>(at));
    file << noise;
  }
  file.close();
  auto store = Store::open(overwritten);
  const Error error = store.ok() ? store.value()->list({}, 1000).error() : store.error();
  EXPECT_EQ(error.code, ErrorCode::corrupt) << error.message();
  EXPECT_NE(error.hint.find(".recover"), std::string::npos);
}

TEST(LedgerFile, ANewerLedgerIsRefusedAsSuch) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  ASSERT_TRUE(Store::open(path).ok());
  {
    auto database = SqliteDatabase::open(path, 0);
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->execute("INSERT INTO ledger_version (version, applied_ms) VALUES (99, 0)").ok());
  }
  const Error error = error_of(path);
  EXPECT_EQ(error.code, ErrorCode::unsupported);
  EXPECT_NE(error.what.find("version 99"), std::string::npos) << error.what;
}

// The ledger of version 1 as that program left it; it never changes (sql.h).
TEST(LedgerFile, BringsVersion1UpToDateWithItsData) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  std::ifstream dump(std::string(UNDERSTUDY_SOURCE_DIR) + "/src/store/testing/ledger_v1.sql");
  const std::string statements((std::istreambuf_iterator<char>(dump)), std::istreambuf_iterator<char>());
  ASSERT_FALSE(statements.empty());
  write_file(path, "");
  {
    auto database = SqliteDatabase::open(path, 0);
    ASSERT_TRUE(database.ok());
    const Status made = database->execute(statements.c_str());
    ASSERT_TRUE(made.ok()) << made.error().message();
  }
  auto store = Store::open(path);
  ASSERT_TRUE(store.ok()) << store.error().message();
  auto page = store.value()->list({}, 10);
  ASSERT_TRUE(page.ok()) << page.error().message();
  ASSERT_EQ(page->calls.size(), 2u);
  const Call& answer = page->calls[0];
  const Call& call = page->calls[1];
  EXPECT_EQ(call.id, "call_01jxt21q00e8kbcf2tpy8vep2a");
  EXPECT_EQ(call.tags, (std::vector<std::string>{"production", "beta"}));
  EXPECT_EQ(call.response, R"({"choices":[]})");
  EXPECT_EQ(call.cached_tokens, 4);
  EXPECT_EQ(call.queue_ms, std::nullopt);
  EXPECT_EQ(answer.origin, Origin::person);
  EXPECT_EQ(answer.answer_to, call.id);
  auto feedback = store.value()->feedback(call.id);
  ASSERT_EQ(feedback->size(), 1u);
  EXPECT_EQ(feedback->at(0).label, "lost_card");
  EXPECT_EQ(feedback->at(0).answer_id, answer.id);
}

constexpr Migration kSteps[] = {
    {1, "CREATE TABLE things (name TEXT NOT NULL); INSERT INTO things VALUES ('one'), ('two')"},
    {2, "ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 7"},
    {3, "CREATE TABLE more (name TEXT); INSERT INTO nowhere VALUES (1)"},
};

TEST(Migrate, RunsTheStepsThatAreMissing) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  ASSERT_TRUE(create_private_file(path).ok());
  auto database = open_ledger(path, Access::write);
  ASSERT_TRUE(database.ok());
  const std::span<const Migration> steps = kSteps;
  ASSERT_TRUE(migrate(*database, steps.first(1), path).ok());
  ASSERT_TRUE(migrate(*database, steps.first(2), path).ok());
  ASSERT_TRUE(migrate(*database, steps.first(2), path).ok());
  EXPECT_EQ(integer(*database, "SELECT SUM(size) FROM things"), 14);
  EXPECT_EQ(migrate(*database, steps.first(1), path).error().code, ErrorCode::unsupported);
}

TEST(Migrate, AStepThatFailsChangesNothing) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  ASSERT_TRUE(create_private_file(path).ok());
  auto database = open_ledger(path, Access::write);
  ASSERT_TRUE(database.ok());
  const std::span<const Migration> steps = kSteps;
  ASSERT_TRUE(migrate(*database, steps.first(1), path).ok());
  EXPECT_FALSE(migrate(*database, steps, path).ok());
  EXPECT_EQ(integer(*database, "SELECT MAX(version) FROM ledger_version"), 1);
  EXPECT_EQ(integer(*database, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'more'"), 0);
  EXPECT_TRUE(migrate(*database, steps.first(2), path).ok());
}

// A limit on the size of files stands in for a full disk: write() fails at some byte, as it would there.
TEST(LedgerFile, AfterTheDiskWasFullTheStoreIsAsItWas) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db"), acknowledged = folder.file("acknowledged");
  ASSERT_TRUE(Store::open(path).ok());
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{300'000, 300'000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(2);
    auto store = Store::open(path);
    if (!store.ok()) ::_exit(3);
    int written = 0;
    while (true) {
      auto id = store.value()->append(sample_call(written));
      if (!id.ok()) {
        const bool is_named = id.error().code == ErrorCode::io || id.error().code == ErrorCode::exhausted;
        const bool is_readable = store.value()->count({}).ok() && store.value()->count({}).value() == written;
        write_file(acknowledged, std::to_string(written));
        ::_exit(is_named && is_readable ? 0 : 4);
      }
      if (++written > 10'000) ::_exit(5);
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 0);
  auto store = Store::open(path);
  ASSERT_TRUE(store.ok()) << store.error().message();
  int written = 0;
  std::ifstream(acknowledged) >> written;
  EXPECT_GT(written, 0);
  EXPECT_EQ(store.value()->count({}).value(), written);
  ASSERT_TRUE(store.value()->append(sample_call()).ok());
  auto database = SqliteDatabase::open(path, 0);
  EXPECT_EQ(text(*database, "PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace understudy
