#include "flywheel/topics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "flywheel/limits.h"

namespace understudy {
namespace {

// 1,000 questions of BANKING77 under all-minilm:l6: pairs of one intent have a median cosine of 0.61, pairs of two intents
// 0.19 (95th percentile 0.48).
constexpr float kTopicCosine = 0.5F;

using Vector = std::vector<float>;

float dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

// The sum of its members' vectors; of unit length when compared.
struct Centre {
  Vector sum;
  float length = 0;

  void add(std::span<const float> row) {
    sum.resize(row.size());
    for (size_t i = 0; i < row.size(); ++i) sum[i] += row[i];
    length = std::sqrt(dot(sum, sum));
  }
  float cosine(std::span<const float> row) const { return length > 0 ? dot(sum, row) / length : 0; }
};

// The nearest centre, or centres.size() if none is near enough.
size_t nearest(const std::vector<Centre>& centres, std::span<const float> row) {
  size_t best = centres.size();
  float cosine = kTopicCosine;
  for (size_t i = 0; i < centres.size(); ++i) {
    const float other = centres[i].cosine(row);
    if (other >= cosine && (best == centres.size() || other > cosine))
      std::tie(best, cosine) = std::tuple(i, other);
  }
  return best;
}

// The rows of each centre, for the rows that have one.
std::vector<std::vector<size_t>> cluster(const std::vector<std::span<const float>>& rows,
                                         std::vector<Centre>& centres) {
  for (const auto& row : rows) {
    const size_t at = nearest(centres, row);
    if (at == centres.size()) centres.emplace_back();
    centres[at].add(row);
  }
  std::vector<std::vector<size_t>> members(centres.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t at = nearest(centres, rows[i]);
    if (at < centres.size()) members[at].push_back(i);
  }
  return members;
}

bool may_have_topic(const Placement& placement) {
  return !placement.task && (placement.stays == Stays::alone || placement.stays == Stays::open_ended);
}

// The newest calls that may have a topic and whose text is read, in order.
std::vector<size_t> candidates(const Mining& mining, std::span<const ReadCall> read,
                               const TextEmbedder& embedder) {
  std::vector<size_t> found;
  for (size_t i = read.size(); i-- > 0 && found.size() < kMaxTopicCalls;) {
    const std::vector<std::string>& texts = read[i].request.texts;
    if (may_have_topic(mining.placements[i]) && !texts.empty() && embedder.reads(texts.back()))
      found.push_back(i);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace

bool may_have_topics(const Mining& mining) {
  return std::count_if(mining.placements.begin(), mining.placements.end(), may_have_topic) >=
         static_cast<ptrdiff_t>(kMinCalls);
}

Result<std::vector<Topic>> find_topics(const Mining& mining, std::span<const Call> calls,
                                       std::span<const ReadCall> read, TextEmbedder& embedder) {
  const std::vector<size_t> asked = candidates(mining, read, embedder);
  std::vector<std::string> texts;
  for (const size_t call : asked) texts.push_back(read[call].request.texts.back());
  ASSIGN_OR_RETURN(const std::vector<float> values, embedder.embed(texts));

  using Bucket = std::tuple<std::string, std::string, std::string, std::string, std::string, std::string>;
  std::map<Bucket, std::vector<size_t>> buckets;  // positions in `asked`
  for (size_t i = 0; i < asked.size(); ++i) {
    const RequestParts& parts = read[asked[i]].request.parts;
    buckets[{calls[asked[i]].project, parts.model, parts.layout, parts.tools, parts.response_format,
             parts.parameters}]
        .push_back(i);
  }
  std::vector<Topic> topics;
  for (const auto& [bucket, positions] : buckets) {
    std::vector<std::span<const float>> rows;
    for (const size_t i : positions)
      rows.emplace_back(values.data() + i * embedder.width(), embedder.width());
    std::vector<Centre> centres;
    const std::vector<std::vector<size_t>> members = cluster(rows, centres);
    for (size_t c = 0; c < members.size(); ++c) {
      if (members[c].size() < kMinCalls) continue;
      Topic topic;
      for (const size_t row : members[c]) topic.calls.push_back(asked[positions[row]]);
      const size_t middle = *std::max_element(members[c].begin(), members[c].end(), [&](size_t a, size_t b) {
        return centres[c].cosine(rows[a]) < centres[c].cosine(rows[b]);
      });
      topic.text = texts[positions[middle]];
      topics.push_back(std::move(topic));
    }
  }
  std::stable_sort(topics.begin(), topics.end(),
                   [](const Topic& a, const Topic& b) { return a.calls.size() > b.calls.size(); });
  return topics;
}

}  // namespace understudy
