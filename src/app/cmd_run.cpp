// understudy run: chat in the terminal.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <iostream>
#include <iterator>
#include <memory>

#include "app/chat_input.h"
#include "app/chat_session.h"
#include "app/commands.h"
#include "app/line_editor.h"
#include "app/model_store.h"

namespace understudy {
namespace {

struct Options {
  std::string model, prompt;
  ChatOptions chat;
  bool json = false;
};

volatile sig_atomic_t interrupts = 0;

// While it lives, Ctrl-C counts instead of ending the program, and reading goes on.
class CatchInterrupt {
 public:
  CatchInterrupt() {
    interrupts = 0;
    struct sigaction action{};
    action.sa_handler = [](int) { interrupts = interrupts + 1; };
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGINT, &action, &before_);
  }
  ~CatchInterrupt() { ::sigaction(SIGINT, &before_, nullptr); }
  CatchInterrupt(const CatchInterrupt&) = delete;
  CatchInterrupt& operator=(const CatchInterrupt&) = delete;

 private:
  struct sigaction before_{};
};

Result<Answer> answer(ChatSession& session, const std::string& text, bool quiet) {
  CatchInterrupt catch_interrupt;
  auto answer = session.ask(
      text,
      [quiet](std::string_view piece) {
        if (quiet) return;
        fmt::print("{}", piece);
        std::fflush(stdout);
      },
      [] { return interrupts > 0; });
  if (!quiet) fmt::print("\n");
  return answer;
}

double tokens_per_s(const Usage& usage) {
  const double seconds = (usage.total_ms - usage.first_token_ms) / 1000;
  return usage.completion_tokens < 2 || seconds <= 0 ? 0 : (usage.completion_tokens - 1) / seconds;
}

void print_remark(const std::string& remark) {
  std::fflush(stdout);
  const bool dim = ::isatty(STDERR_FILENO) == 1;
  fmt::print(stderr, "{}{}{}\n", dim ? "\033[2m" : "", remark, dim ? "\033[0m" : "");
}

void print_cut(const Answer& answer, const char* remedy) {
  if (answer.reason != FinishReason::length) return;
  using Action = LoopIncident::Action;
  const int tokens = answer.usage.completion_tokens;
  const auto& loops = answer.usage.loops;
  const Action last = loops.empty() ? Action::rewound : loops.back().action;
  if (last == Action::closed || last == Action::ended)
    return print_remark(fmt::format("ended after {} tokens, because it repeated itself", tokens));
  const char* how = last == Action::cut ? ", while it repeated itself" : "";
  print_remark(fmt::format("cut after {} tokens{}; {}", tokens, how, remedy));
}

constexpr const char* kHelp =
    "  \"\"\"             begins and ends a message of several lines; so does a \\ at a line's end\n"
    "  /system TEXT    instructions from now on; /system alone removes them\n"
    "  /set NAME VALUE sampling, e.g. /set temperature 0.2; /set alone lists what there is\n"
    "  /clear          forget the conversation\n"
    "  /bye            leave (or Ctrl-D)\n"
    "Ctrl-C stops an answer. Arrow keys bring back what you typed, Ctrl-R searches it.\n";

// Carries out a line that begins with '/'. False: leave.
bool command(ChatSession& session, const std::string& line) {
  const size_t space = std::min(line.find(' '), line.size());
  const std::string verb = line.substr(0, space);
  const std::string rest = line.substr(std::min(space + 1, line.size()));
  if (verb == "/bye" || verb == "/exit" || verb == "/quit") return false;
  if (verb == "/clear") {
    session.forget();
  } else if (verb == "/system") {
    session.set_system(rest);
  } else if (verb == "/set" && rest.empty()) {
    fmt::print("{}", parameter_list(session.options()));
  } else if (verb == "/set") {
    const Status done = set_parameter(session.options(), rest);
    if (!done.ok()) fmt::print(stderr, "error: {}\n", done.error().message());
  } else if (verb == "/help" || verb == "/?") {
    fmt::print("{}", kHelp);
  } else {
    fmt::print(stderr, "error: there is no command {}. /help lists them\n", verb);
  }
  return true;
}

// One message and its answer.
void exchange(ChatSession& session, const std::string& message) {
  auto answered = answer(session, message, false);
  if (!answered.ok()) {
    fmt::print(stderr, "error: {}. /clear starts over\n", answered.error().message());
    return;
  }
  print_cut(*answered, "/set max_tokens allows more");
  const Usage& usage = answered->usage;
  if (const double rate = tokens_per_s(usage); rate > 0) {
    print_remark(fmt::format("{} tokens, {:.1f} tokens/s, first after {:.0f} ms", usage.completion_tokens,
                             rate, usage.first_token_ms));
  }
}

Status chat(ChatSession& session) {
  ASSIGN_OR_RETURN(const ModelStore store, ModelStore::open());
  CatchInterrupt catch_interrupt;  // also between two lines, when Ctrl-C is not yet a key for the editor
  LineEditor editor(store.cache_directory() + "/chat_history");
  MessageReader reader;
  fmt::print("Ctrl-C stops an answer; /help lists commands; /bye or Ctrl-D leaves.\n");
  while (true) {
    std::fflush(stdout);
    const Line line = editor.read(reader.is_inside() ? ". " : "> ");
    if (line.end == LineEnd::end_of_input) break;
    if (line.end == LineEnd::interrupt) {
      reader.reset();
      continue;
    }
    const bool is_command = !reader.is_inside() && line.text.starts_with('/');
    if (is_command && !command(session, line.text)) return Status();
    if (is_command) continue;
    const auto message = reader.add(line.text);
    if (message && message->find_first_not_of(" \t\n") != std::string::npos) exchange(session, *message);
  }
  fmt::print("\n");
  return Status();
}

Status ask_once(ChatSession& session, const Options& options, const std::string& prompt) {
  ASSIGN_OR_RETURN(const Answer answered, answer(session, prompt, options.json));
  const Usage& usage = answered.usage;
  if (options.json) {
    const bool cut = answered.reason == FinishReason::length;
    fmt::print("{}\n",
               boost::json::serialize(boost::json::object{{"model", options.model},
                                                          {"answer", answered.text},
                                                          {"finish_reason", cut ? "length" : "stop"},
                                                          {"prompt_tokens", usage.prompt_tokens},
                                                          {"completion_tokens", usage.completion_tokens},
                                                          {"first_token_ms", usage.first_token_ms},
                                                          {"tokens_per_s", tokens_per_s(usage)},
                                                          {"looped", !usage.loops.empty()}}));
  }
  print_cut(answered, "--max-tokens allows more");
  return Status();
}

Status run_model(const Options& options) {
  ASSIGN_OR_RETURN(const ModelLocation location, find_model(options.model));
  const bool interactive = ::isatty(STDIN_FILENO) == 1 && options.prompt.empty();
  std::string prompt = options.prompt;
  if (!interactive && prompt.empty()) prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (!interactive && prompt.empty()) {
    return Error{ErrorCode::invalid_argument, "there is nothing to ask", "",
                 "Give a prompt or write it to stdin"};
  }
  ASSIGN_OR_RETURN(ChatSession session, ChatSession::open(location, options.chat));
  if (session.is_base_model()) {
    fmt::print(stderr, "{} has no chat template: it continues text rather than chats\n", options.model);
  }
  return interactive ? chat(session) : ask_once(session, options, prompt);
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
                   "Longest answer (default: 2048; 256 for a model without a chat template)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--threads", options->chat.threads, "Threads (default: all that the process may use)")
      ->check(CLI::PositiveNumber);
  verb->add_flag("--json", options->json, "One JSON object with the answer; needs PROMPT or stdin");
  verb->footer(
      "In a conversation: /help lists commands (/system, /set, /clear, /bye), arrow keys bring back what you "
      "typed,\n"
      "\"\"\" begins and ends a message of several lines, Ctrl-C stops the answer.\n\n"
      "Examples:\n"
      "  understudy run qwen2.5-coder:1.5b\n"
      "  understudy run qwen2.5-coder:1.5b \"What does chmod 640 mean?\" --temperature 0\n"
      "  git diff | understudy run qwen2.5-coder:1.5b --system \"Explain this change.\"");
  verb->callback([&action, options] { action = [options] { return run_model(*options); }; });
}

}  // namespace understudy
