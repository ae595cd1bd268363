// The verbs of the program: one file per verb (cmd_<verb>.cpp) that defines add_<verb>; main.cpp lists them.
//
//   void add_pull(CLI::App& app, Action& action) {
//     auto options = std::make_shared<Options>();
//     auto* verb = app.add_subcommand("pull", "Download a model");
//     verb->add_option("MODEL", options->model)->required();
//     verb->callback([&action, options] { action = [options] { return pull(*options); }; });
//   }
//
// The action runs after the whole command line was parsed. Its Error is printed by main.cpp as
// `error: what (where). hint`; verbs print results to stdout, progress and remarks to stderr.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "base/result.h"

namespace understudy {

using Action = std::function<Status()>;

void add_pull(CLI::App& app, Action& action);
void add_list(CLI::App& app, Action& action);
void add_show(CLI::App& app, Action& action);
void add_rm(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);
void add_ps(CLI::App& app, Action& action);
void add_run(CLI::App& app, Action& action);
void add_serve(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_profile(CLI::App& app, Action& action);
void add_grammar(CLI::App& app, Action& action);
void add_loop(CLI::App& app, Action& action);
void add_calls(CLI::App& app, Action& action);
void add_mine(CLI::App& app, Action& action);
void add_tasks(CLI::App& app, Action& action);
void add_scan(CLI::App& app, Action& action);
void add_demo(CLI::App& app, Action& action);
void add_train(CLI::App& app, Action& action);
void add_specialise(CLI::App& app, Action& action);
void add_prove(CLI::App& app, Action& action);
void add_promote(CLI::App& app, Action& action);
void add_rollback(CLI::App& app, Action& action);
void add_watch(CLI::App& app, Action& action);

}  // namespace understudy
