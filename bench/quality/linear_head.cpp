// Fits a linear head on embeddings from a file and answers the test rows with it. usage: linear_head FILE
// FILE: int32 width, classes, then the sizes of train, dev and test; the rows of each as f32; the labels of each as int32.
// stdout: a JSON line about the fit, then "label confidence distance in_domain" of every test row.
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "train/heads/linear_head.h"
#include "train/heads/linear_head_file.h"

namespace understudy {
namespace {

template <typename T>
std::vector<T> read(std::ifstream& file, size_t count) {
  std::vector<T> values(count);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T)));
  return values;
}

int run(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const auto sizes = read<int32_t>(file, 5);
  const auto width = static_cast<size_t>(sizes[0]);
  std::vector<float> values[3];
  std::vector<int> labels[3];
  for (size_t part = 0; part < 3; part++)
    values[part] = read<float>(file, width * static_cast<size_t>(sizes[2 + part]));
  for (size_t part = 0; part < 3; part++)
    labels[part] = read<int32_t>(file, static_cast<size_t>(sizes[2 + part]));
  if (!file) {
    fmt::print(stderr, "{} is too short\n", path);
    return 1;
  }
  LinearHeadData data{"bench", {}, {values[0], width, labels[0]}, {values[1], width, labels[1]}};
  for (int c = 0; c < sizes[1]; c++) data.labels.push_back(std::to_string(c));

  ThreadPool pool;
  const auto begin = std::chrono::steady_clock::now();
  auto fit = fit_linear_head(data, 0.99, pool);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!fit.ok()) {
    fmt::print(stderr, "{}\n", fit.error().message());
    return 1;
  }
  int iterations = 0;
  for (const HeadTrial& trial : fit->trials) iterations += trial.iterations;
  const HeadTrial& chosen = fit->trials[fit->chosen];
  fmt::print(
      "{{\"seconds\": {:.2f}, \"threads\": {}, \"trials\": {}, \"iterations\": {}, \"l2\": {:.6g}, "
      "\"temperature\": {:.4f}, "
      "\"dev_loss\": {:.4f}, \"dev_right\": {:.4f}, \"bytes\": {}}}\n",
      seconds, pool.size(), fit->trials.size(), iterations, chosen.l2, chosen.temperature, chosen.dev_loss,
      chosen.dev_right, linear_head_bytes(fit->head).size());
  for (size_t i = 0; i < labels[2].size(); i++) {
    auto answer = fit->head.answer(std::span<const float>(values[2]).subspan(i * width, width));
    if (!answer.ok()) return 1;
    fmt::print("{} {:.9g} {:.9g} {}\n", answer->label, answer->confidence, answer->distance,
               answer->in_domain ? 1 : 0);
  }
  return 0;
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: linear_head FILE\n");
    return 64;
  }
  return understudy::run(argv[1]);
}
