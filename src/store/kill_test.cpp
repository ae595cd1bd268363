// kill -9 under load, fifty times: no call that was acknowledged is lost, and the database stays whole.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/testing/temporary_folder.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "store/testing/sample_call.h"

namespace understudy {
namespace {

constexpr int kRounds = 50, kWriters = 4;
constexpr size_t kIdBytes = 31;

// Appends until it is killed; writes the id of each call that was acknowledged. A write of a few bytes to a pipe is
// one piece, and stays readable after the writer's death.
[[noreturn]] void append_and_report(const std::string& path, int pipe) {
  auto store = Store::open(path);
  if (!store.ok()) ::_exit(1);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int number = writer;; number += kWriters) {
        Call call = sample_call(number);
        call.response.append(static_cast<size_t>(number % 7) * 3000, ' ');  // some calls need several pages
        auto id = store.value()->append(call);
        if (!id.ok() || ::write(pipe, id->data(), kIdBytes) != kIdBytes) ::_exit(1);
      }
    });
  }
  writers[0].join();
  ::_exit(1);
}

// What a child acknowledged that is killed some time after its `enough`th acknowledgement.
std::set<std::string> acknowledged_before_kill(const std::string& path, size_t enough,
                                               std::chrono::microseconds then) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    append_and_report(path, ends[1]);
  }
  ::close(ends[1]);
  std::string read;
  char bytes[4096];
  auto read_some = [&] {
    const ssize_t size = ::read(ends[0], bytes, sizeof bytes);
    if (size > 0) read.append(bytes, static_cast<size_t>(size));
    return size > 0;
  };
  while (read.size() < enough * kIdBytes && read_some()) continue;
  std::this_thread::sleep_for(then);
  ::kill(child, SIGKILL);
  while (read_some()) continue;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
  std::set<std::string> ids;
  for (size_t at = 0; at + kIdBytes <= read.size(); at += kIdBytes) ids.insert(read.substr(at, kIdBytes));
  return ids;
}

TEST(Kill, NoAcknowledgedCallIsLost) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  std::mt19937 random(5);
  std::set<std::string> acknowledged;
  for (int round = 0; round < kRounds; ++round) {
    const size_t enough = 1 + random() % 40;
    const std::chrono::microseconds then(random() % 3000);
    acknowledged.merge(acknowledged_before_kill(path, enough, then));
  }
  EXPECT_GT(acknowledged.size(), static_cast<size_t>(10 * kRounds));

  auto store = Store::open(path);
  ASSERT_TRUE(store.ok()) << store.error().message();
  size_t lost = 0;
  for (const std::string& id : acknowledged) lost += store.value()->get(id).ok() ? 0 : 1;
  EXPECT_EQ(lost, 0u) << "of " << acknowledged.size();
  auto database = SqliteDatabase::open(path, 0);
  ASSERT_TRUE(database.ok());
  auto check = database->prepare("PRAGMA integrity_check");
  ASSERT_TRUE(check.ok() && check->step().ok());
  EXPECT_EQ(check->text(0), "ok");
}

}  // namespace
}  // namespace understudy
