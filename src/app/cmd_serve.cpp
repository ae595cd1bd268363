// understudy serve: the OpenAI API over one model.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "app/model_store.h"
#include "app/serve_outside.h"
#include "engine/embedder.h"
#include "engine/engine.h"
#include "gateway/providers/local_embedder.h"
#include "gateway/providers/local_engine.h"
#include "gateway/service.h"

namespace understudy {
namespace {

struct Options {
  std::string model, embedding_model, host = "127.0.0.1", api_key;
  uint16_t port = 8080;
  std::vector<std::string> allowed_hosts;
  EngineOptions engine;
  OutsideOptions outside;
  KvType kv = KvType::f16;
  bool map_weights = false, quiet = false;
};

struct Providers {
  std::unique_ptr<ModelProvider> generator;
  std::unique_ptr<EmbeddingProvider> embedder;
  bool is_chat = false;
};

int signal_pipe[2] = {-1, -1};

// Turns SIGINT and SIGTERM into bytes of signal_pipe.
Status catch_signals() {
  if (::pipe2(signal_pipe, O_CLOEXEC) != 0) return Error{ErrorCode::io, "cannot make a pipe", "", ""};
  struct sigaction action{};
  action.sa_handler = [](int) {
    int saved = errno;
    [[maybe_unused]] ssize_t written = ::write(signal_pipe[1], "", 1);
    errno = saved;
  };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return {};
}

// Whether a signal came within `timeout_ms` (-1: wait for it).
bool wait_for_signal(int timeout_ms) {
  pollfd entry{signal_pipe[0], POLLIN, 0};
  int ready;
  do {
    ready = ::poll(&entry, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  char byte;
  return ready > 0 && ::read(signal_pipe[0], &byte, 1) == 1;
}

Result<std::string> only_model() {
  ASSIGN_OR_RETURN(ModelStore store, ModelStore::open());
  ASSIGN_OR_RETURN(std::vector<Manifest> models, store.list());
  if (models.size() == 1) return models[0].name;
  return Error{ErrorCode::invalid_argument,
               models.empty() ? "no model has been pulled" : "several models have been pulled", "MODEL",
               models.empty() ? "Try: understudy pull smollm2:135m" : "Name one of those: understudy list"};
}

// What clients call the model: a pulled one by its name, with or without tag; a file by its name without
// ".gguf".
std::vector<std::string> served_names(const std::string& model) {
  if (model.ends_with(".gguf") || model.find('/') != std::string::npos) {
    return {std::filesystem::path(model).stem().string()};
  }
  size_t colon = model.find(':');
  if (colon == std::string::npos) return {model};
  return {model, model.substr(0, colon)};
}

void log_request(const AccessRecord& record) {
  std::string status = record.status ? std::to_string(record.status) : "-";
  std::string tokens = record.completion_tokens || record.prompt_tokens
                           ? fmt::format(" {}+{} tokens", record.prompt_tokens, record.completion_tokens)
                           : "";
  fmt::print(stderr, "{} {} {} {} ms{}{} {}\n", record.method.empty() ? "-" : record.method,
             record.path.empty() ? "-" : record.path, status, record.duration.count(), tokens,
             record.complete ? "" : " (client left)", record.request_id);
}

// A call whose answer every model of the catalog gets right. Small models answer better with a system prompt
// of their own than with their template's default; base models continue a text.
std::string sample_call(const std::string& url, const std::string& key, const std::string& model,
                        bool is_chat) {
  const char* path = is_chat ? "chat/completions" : "completions";
  const char* ask = is_chat
                        ? R"("messages": [{"role": "system", "content": "You are a helpful assistant."}, )"
                          R"({"role": "user", "content": "What is the capital of France?"}])"
                        : R"("prompt": "The capital of France is")";
  return fmt::format(
      R"(curl {}/{}{} -H 'Content-Type: application/json' -d '{{"model": "{}", "temperature": 0, )"
      R"("max_tokens": {}, {}}}')",
      url, path, key, model, is_chat ? 64 : 8, ask);
}

void print_welcome(const Options& options, const Providers& providers, const Outside& outside,
                   uint16_t port) {
  bool everywhere = options.host == "0.0.0.0" || options.host == "::";
  std::string host = everywhere ? "127.0.0.1" : options.host;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  std::string url = fmt::format("http://{}:{}/v1", host, port);
  std::string key = options.api_key.empty() ? "" : " -H \"Authorization: Bearer $UNDERSTUDY_API_KEY\"";
  std::string models, call;
  if (providers.embedder) {
    models = providers.embedder->model().name;
    call = fmt::format(
        R"(curl {}/embeddings{} -H 'Content-Type: application/json' -d '{{"model": "{}", "input": "Hello"}}')",
        url, key, models);
  }
  if (providers.generator) {
    const std::string& name = providers.generator->model().name;
    models = models.empty() ? name : name + " and " + models;
    call = sample_call(url, key, name, providers.is_chat);
  }
  if (outside.upstreams != nullptr) {
    const auto& fallback = outside.upstreams->fallback;
    const std::string where = fallback ? fallback->url : "the routes of understudy.toml";
    if (models.empty()) {
      fmt::print("Passing calls on to {}; clients use the base URL {}\n\n", where, url);
      call = fmt::format("curl {}/models{}", url,
                         options.api_key.empty() ? " -H \"Authorization: Bearer $OPENAI_API_KEY\"" : key);
    } else {
      fmt::print("Serving {} at {}; other models come from {}\n\n", models, url, where);
    }
    fmt::print("{}\n\n", call);
  } else {
    fmt::print("Serving {} at {}\n\n{}\n\n", models, url, call);
  }
  std::fflush(stdout);
}

ModelOptions model_options(const Options& options) {
  const auto access = options.map_weights ? PackedWeights::Access::map : PackedWeights::Access::read_later;
  return {.threads = options.engine.threads, .kv = options.kv, .packed = access};
}

void warn_of_packed_copy(const Status& status) {
  if (!status.ok())
    fmt::print(stderr, "No packed copy, the next start packs again: {}\n", status.error().message());
}

Result<std::unique_ptr<EmbeddingProvider>> load_embedder(const std::string& model, const Options& options) {
  ASSIGN_OR_RETURN(const ModelLocation location, find_model(model));
  ASSIGN_OR_RETURN(auto embedder, Embedder::load(location, model_options(options)));
  warn_of_packed_copy(embedder->packed_copy());
  const std::vector<std::string> names = served_names(model);
  return make_local_embedder(std::move(embedder), names[0], {names.begin() + 1, names.end()});
}

// MODEL may be an embedding model itself.
Result<Providers> load_providers(const Options& options) {
  Providers providers;
  if (!options.embedding_model.empty()) {
    ASSIGN_OR_RETURN(providers.embedder, load_embedder(options.embedding_model, options));
  }
  if (options.model.empty()) return providers;
  ASSIGN_OR_RETURN(const ModelLocation location, find_model(options.model));
  ASSIGN_OR_RETURN(const bool embeds, holds_encoder(location.path));
  if (embeds && !providers.embedder) {
    ASSIGN_OR_RETURN(providers.embedder, load_embedder(options.model, options));
    return providers;
  }
  ASSIGN_OR_RETURN(auto model, Model::load(location, model_options(options)));
  warn_of_packed_copy(model->packed_copy());
  providers.is_chat = model->is_chat();
  ASSIGN_OR_RETURN(auto engine, Engine::create(std::move(model), options.engine));
  const std::vector<std::string> names = served_names(options.model);
  ASSIGN_OR_RETURN(providers.generator,
                   make_local_provider(std::move(engine), names[0], {names.begin() + 1, names.end()}));
  return providers;
}

Status serve(Options options) {
  // Before the model is loaded, which takes longer.
  ASSIGN_OR_RETURN(AccessPolicy access,
                   make_access_policy(options.host, options.api_key, options.allowed_hosts));
  options.outside.threads = options.engine.threads;
  ASSIGN_OR_RETURN(std::unique_ptr<OutsideParts> outside, open_outside(options.outside, options.api_key));
  const bool has_local_routes = outside->upstreams != nullptr && !outside->upstreams->local.empty();
  if (options.model.empty() && (outside->upstreams == nullptr || has_local_routes)) {
    ASSIGN_OR_RETURN(options.model, only_model());
  }
  ASSIGN_OR_RETURN(Providers providers, load_providers(options));
  if (has_local_routes && providers.generator == nullptr) {
    return Error{ErrorCode::invalid_argument,
                 "the routes of provider 'local' need a model that generates text", options.model,
                 "Try: understudy serve smollm2:135m --config " + options.outside.config};
  }
  Service service(providers.generator.get(), providers.embedder.get(), std::move(access), outside->view());
  RETURN_IF_ERROR(catch_signals());
  HttpHandler handler =
      service.handler(options.quiet ? std::function<void(const AccessRecord&)>() : log_request);
  ASSIGN_OR_RETURN(auto server, HttpServer::start({.host = options.host, .port = options.port, .limits = {}},
                                                  std::move(handler)));
  print_welcome(options, providers, outside->view(), server->port());

  wait_for_signal(-1);
  fmt::print(stderr, "Finishing what runs; once more to stop at once\n");
  server->drain();
  constexpr int kPollMs = 50;
  while (!server->drained() && !wait_for_signal(kPollMs)) {
  }
  server.reset();
  providers = {};
  outside.reset();
  return {};
}

}  // namespace

void add_serve(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "serve", "Serve models through the OpenAI API, or stand between clients and an upstream");
  verb->add_option("MODEL", options->model,
                   "A pulled model's name, or the path of a GGUF file (default: the only pulled model)");
  verb->add_option("--embedding-model", options->embedding_model,
                   "A second model, for /v1/embeddings (an embedding model alone can be MODEL itself)");
  verb->add_option("--host", options->host, "IP address to listen on; any but a loopback one needs a key")
      ->capture_default_str();
  verb->add_option("--port", options->port, "0: any free port")->capture_default_str();
  verb->add_option("--api-key", options->api_key, "Key that clients must send as a bearer token")
      ->envname("UNDERSTUDY_API_KEY");
  verb->add_option("--allow-host", options->allowed_hosts,
                   "Further name that requests may use for this server");
  verb->add_option(
      "--upstream", options->outside.upstream,
      "Pass calls for other models on to this OpenAI-compatible API, and record them in the ledger");
  verb->add_option("--upstream-key", options->outside.upstream_key,
                   "Key for the upstream; without one the client's own passes through")
      ->envname("UNDERSTUDY_UPSTREAM_KEY");
  verb->add_option("--config", options->outside.config,
                   "An understudy.toml: several upstreams, retention, prices");
  verb->add_option("--ledger", options->outside.ledger,
                   "The ledger's file (default with an upstream: understudy.db in UNDERSTUDY_HOME)");
  verb->add_flag("--no-ledger", options->outside.no_ledger, "Record nothing");
  verb->add_option("--threads", options->engine.threads, "Threads (default: all that the process may use)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--context", options->engine.context,
                   "Tokens a request may hold (default: the model's own, as far as memory allows)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--kv", options->kv,
                   "Keys and values: f16, or int8 (half the memory, a little less exact)")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, KvType>{{"f16", KvType::f16}, {"int8", KvType::int8}}))
      ->default_str("f16");
  verb->add_option("--max-running", options->engine.max_running, "Requests computed at the same time")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_flag(
      "--mmap", options->map_weights,
      "Share the packed copy of the weights with other processes (the second start and later; reads a little "
      "slower)");
  verb->add_flag("--quiet", options->quiet, "Do not log requests");
  verb->footer(
      "Endpoints: /v1/chat/completions /v1/completions /v1/embeddings /v1/models /feedback /health /ready "
      "/metrics\n"
      "Examples:\n"
      "  understudy serve smollm2:135m\n"
      "  understudy serve --upstream https://api.openai.com/v1     (docs/howto/upstream.md)\n"
      "  UNDERSTUDY_API_KEY=$(openssl rand -hex 32) understudy serve qwen2.5-coder:1.5b --host 0.0.0.0");
  verb->callback([&action, options] { action = [options] { return serve(*options); }; });
}

}  // namespace understudy
