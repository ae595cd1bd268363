#include "app/subprocess.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/file_descriptor.h"

namespace understudy {
namespace {

constexpr size_t kReadChunk = 1 << 20;

Result<pid_t> spawn(const std::vector<std::string>& argv, int stdout_fd) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, stdout_fd, STDOUT_FILENO);
  pid_t pid = 0;
  errno = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (errno == ENOENT) return Error{ErrorCode::not_found, "the program is not installed", argv[0], ""};
  if (errno != 0) return system_error("cannot start the program", argv[0]);
  return pid;
}

Status drain(int fd, const OutputSink& sink) {
  std::vector<std::byte> chunk(kReadChunk);
  while (true) {
    ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read a program's output", "");
    if (got == 0) return Status();
    RETURN_IF_ERROR(sink(std::span(chunk).first(static_cast<size_t>(got))));
  }
}

}  // namespace

Result<int> run_program(const std::vector<std::string>& argv, const OutputSink& sink) {
  int ends[2] = {-1, -1};
  if (sink && ::pipe2(ends, O_CLOEXEC) != 0) return system_error("cannot create a pipe", argv[0]);
  FileDescriptor read_end(ends[0]), write_end(ends[1]);

  ASSIGN_OR_RETURN(pid_t pid, spawn(argv, sink ? write_end.get() : STDERR_FILENO));
  write_end.close();
  Status drained = sink ? drain(read_end.get(), sink) : Status();
  if (!drained.ok()) ::kill(pid, SIGTERM);
  read_end.close();

  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return system_error("cannot wait for the program", argv[0]);
  }
  if (!drained.ok()) return drained.error();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace understudy
