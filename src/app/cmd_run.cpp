// understudy run: chat in the terminal.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <iterator>
#include <memory>

#include "app/chat_session.h"
#include "app/commands.h"
#include "app/model_store.h"

namespace understudy {
namespace {

struct Options {
  std::string model, prompt;
  ChatOptions chat;
};

volatile sig_atomic_t interrupts = 0;

// While it lives, Ctrl-C counts instead of ending the program.
class CatchInterrupt {
 public:
  CatchInterrupt() {
    interrupts = 0;
    struct sigaction action{};
    action.sa_handler = [](int) { interrupts = interrupts + 1; };
    ::sigaction(SIGINT, &action, &before_);
  }
  ~CatchInterrupt() { ::sigaction(SIGINT, &before_, nullptr); }
  CatchInterrupt(const CatchInterrupt&) = delete;
  CatchInterrupt& operator=(const CatchInterrupt&) = delete;

 private:
  struct sigaction before_{};
};

Result<Usage> answer(ChatSession& session, const std::string& text) {
  CatchInterrupt catch_interrupt;
  auto usage = session.ask(
      text,
      [](std::string_view piece) {
        fmt::print("{}", piece);
        std::fflush(stdout);
      },
      [] { return interrupts > 0; });
  fmt::print("\n");
  return usage;
}

void print_speed(const Usage& usage) {
  double seconds = (usage.total_ms - usage.first_token_ms) / 1000;
  if (usage.completion_tokens < 2 || seconds <= 0) return;
  fmt::print(stderr, "\033[2m{} tokens, {:.1f} tokens/s, first after {:.0f} ms\033[0m\n",
             usage.completion_tokens, (usage.completion_tokens - 1) / seconds, usage.first_token_ms);
}

Status chat(ChatSession& session) {
  fmt::print(stderr, "Ctrl-C stops an answer; /clear starts over; /bye or Ctrl-D leaves.\n");
  std::string line;
  while (true) {
    fmt::print("\033[1m> \033[0m");
    std::fflush(stdout);
    if (!std::getline(std::cin, line) || line == "/bye") break;
    if (line.empty()) continue;
    if (line == "/clear") {
      session.forget();
      continue;
    }
    auto usage = answer(session, line);
    if (usage.ok()) {
      print_speed(*usage);
    } else {
      fmt::print(stderr, "error: {}. /clear starts over\n", usage.error().message());
    }
  }
  fmt::print("\n");
  return Status();
}

Status run_model(const Options& options) {
  ASSIGN_OR_RETURN(std::string path, model_path(options.model));
  ASSIGN_OR_RETURN(ChatSession session, ChatSession::open(path, options.chat));
  if (session.is_base_model()) {
    fmt::print(stderr, "{} has no chat template: it continues text rather than chats\n", options.model);
  }
  bool interactive = ::isatty(STDIN_FILENO) == 1 && options.prompt.empty();
  if (interactive) return chat(session);

  std::string prompt = options.prompt;
  if (prompt.empty()) prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (prompt.empty()) {
    return Error{ErrorCode::invalid_argument, "there is nothing to ask", "",
                 "Give a prompt or write it to stdin"};
  }
  auto usage = answer(session, prompt);
  return usage.ok() ? Status() : Status(usage.error());
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  options->chat.sampling.temperature = 0.7f;
  options->chat.sampling.top_p = 0.9f;
  auto* verb = app.add_subcommand("run", "Chat with a model in the terminal");
  verb->add_option("MODEL", options->model, "A pulled model's name, or the path of a GGUF file")->required();
  verb->add_option("PROMPT", options->prompt,
                   "Ask this and exit (default: a conversation, or stdin if piped)");
  verb->add_option("--system", options->chat.system, "System message");
  verb->add_option("--temperature", options->chat.sampling.temperature, "0: always the most likely token")
      ->check(CLI::Range(0.0f, 2.0f))
      ->capture_default_str();
  verb->add_option("--seed", options->chat.sampling.seed, "Same seed, same answer")->capture_default_str();
  verb->add_option("--max-tokens", options->chat.max_tokens,
                   "Longest answer (default: what fits the context)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--threads", options->chat.threads, "Threads (default: all that the process may use)")
      ->check(CLI::PositiveNumber);
  verb->footer(
      "Examples:\n"
      "  understudy run qwen2.5-coder:1.5b\n"
      "  understudy run qwen2.5-coder:1.5b \"What does chmod 640 mean?\" --temperature 0\n"
      "  git diff | understudy run qwen2.5-coder:1.5b --system \"Explain this change.\"");
  verb->callback([&action, options] { action = [options] { return run_model(*options); }; });
}

}  // namespace understudy
