// The program's entry: reads the command line, runs one verb, prints its error.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>

#include "app/commands.h"

namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 64;  // EX_USAGE of sysexits.h

constexpr const char* kAbout = "Understudy: small language models on your own CPUs, behind the OpenAI API.";

constexpr const char* kExamples =
    "Getting started:\n"
    "  understudy pull smollm2:135m          download a model (98 MB)\n"
    "  understudy serve smollm2:135m         serve it on http://127.0.0.1:8080/v1\n"
    "  understudy run smollm2:135m           chat in the terminal\n"
    "  understudy VERB --help                options and examples of a verb\n\n"
    "MODEL is the name of a pulled model or the path of a GGUF file.\n"
    "Exit codes: 0 done, 1 failed, 64 wrong usage.";

int report(const understudy::Error& error) {
  fmt::print(stderr, "error: {}\n", error.message());
  return error.code == understudy::ErrorCode::invalid_argument ? kUsage : kFailure;
}

std::string usage_hint(std::string_view verb) {
  return fmt::format("See: understudy {}--help", verb.starts_with('-') ? "" : std::string(verb) + " ");
}

int run(int argc, char** argv) {
  using namespace understudy;
  Action action;
  CLI::App app(kAbout, "understudy");
  app.set_version_flag("--version", "understudy " UNDERSTUDY_VERSION);
  app.require_subcommand(1);
  for (auto add_verb :
       {add_serve,   add_pull,     add_list,  add_show,  add_rm,      add_verify, add_ps,         add_run,
        add_bench,   add_profile,  add_calls, add_scan,  add_mine,    add_tasks,  add_specialise, add_prove,
        add_promote, add_rollback, add_watch, add_train, add_grammar, add_loop,   add_demo}) {
    add_verb(app, action);
  }
  app.footer(kExamples);  // after the verbs, which would inherit it
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    if (argc == 1) {
      fmt::print("{}", app.help());
      return kUsage;
    }
    auto is_named = [&](CLI::App* verb) { return verb->check_name(argv[1]); };
    if (argv[1][0] != '-' && app.get_subcommands(is_named).empty()) {
      return report({ErrorCode::invalid_argument, fmt::format("there is no verb '{}'", argv[1]), "",
                     "See: understudy --help"});
    }
    return report({ErrorCode::invalid_argument, error.what(), "", usage_hint(argv[1])});
  }
  Status status = action();
  return status.ok() ? 0 : report(status.error());
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of its write, as on a full disk
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    return report({understudy::ErrorCode::internal, error.what(), "", "Please report this"});
  }
}
