// The program's entry: reads the command line, runs one verb, prints its error.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
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

int run(int argc, char** argv) {
  using namespace understudy;
  Action action;
  CLI::App app(kAbout, "understudy");
  app.set_version_flag("--version", "understudy " UNDERSTUDY_VERSION);
  app.footer(kExamples);
  app.require_subcommand(1);
  for (auto add_verb : {add_pull, add_list, add_show, add_rm, add_ps, add_run}) {
    add_verb(app, action);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    if (argc == 1) {
      fmt::print("{}", app.help());
      return kUsage;
    }
    fmt::print(stderr, "error: {}. See: understudy --help\n", error.what());
    return kUsage;
  }
  Status status = action();
  return status.ok() ? 0 : report(status.error());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    return report({understudy::ErrorCode::internal, error.what(), "", "Please report this"});
  }
}
