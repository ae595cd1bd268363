#include "flywheel/curate.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <functional>
#include <set>

#include "flywheel/contract.h"
#include "flywheel/limits.h"
#include "flywheel/mine.h"
#include "flywheel/near_duplicates.h"
#include "flywheel/split_groups.h"
#include "flywheel/tokens.h"

namespace understudy {
namespace {

namespace json = boost::json;

constexpr std::string_view kGroupTag = "group:";
constexpr size_t kMaxShownConflicts = 100;

struct Candidate {
  const Call* call = nullptr;
  CallAnswer answer;
  CallAnswer incumbent;  // what it answered, whoever gave the target
  Origin origin = Origin::incumbent;
  std::vector<std::string> slots;
  std::string input;  // normalised
};

class Curation {
 public:
  Curation(const Task& task, const CurateOptions& options) : task_(task), options_(options) {}

  void collect(std::span<const Call> calls, const std::map<std::string, std::string>& labels);
  void keep_teacher_and_form();
  void merge_equal_inputs();
  void group();
  Result<CuratedDataset> split();

 private:
  void leave_out(const std::string& reason) { ++left_out_[reason]; }
  void leave_out_if(const std::function<const char*(const Candidate&)>& reason);
  std::vector<DatasetRow> rows_of(const std::vector<Split>& splits,
                                  const std::vector<std::vector<size_t>>& groups);
  json::object card(const CuratedDataset& curated, size_t groups) const;

  const Task& task_;
  const CurateOptions& options_;
  std::vector<Candidate> candidates_;
  AnswerProfile form_;
  std::string teacher_;
  std::map<std::string, size_t> left_out_;
  std::vector<DatasetRow> rows_;             // one a distinct input
  std::vector<std::string> inputs_;          // normalised, of rows_
  std::vector<std::set<std::string>> tags_;  // "group:..." of all calls of a row
  std::vector<size_t> group_of_;             // by row: the first row of its group
  json::array conflicts_;
  size_t conflicting_inputs_ = 0, conflicting_calls_ = 0, minority_calls_ = 0;
};

std::string input_of(std::span<const std::string> slots) {
  std::string input;
  for (const std::string& slot : slots) input += (input.empty() ? "" : " \x1F ") + normalised(slot);
  return input;
}

void Curation::collect(std::span<const Call> calls, const std::map<std::string, std::string>& labels) {
  std::map<std::string_view, const Call*> corrections;
  for (const Call& call : calls) {
    if (call.origin != Origin::person) continue;
    const Call*& last = corrections[call.answer_to];
    if (last == nullptr || last->time_ms <= call.time_ms) last = &call;
  }
  for (const Call& call : calls) {
    if (call.origin == Origin::person) continue;
    ReadCall read = read_call(call);
    const auto correction = corrections.find(call.id);
    const auto label = labels.find(call.id);
    const bool by_person = correction != corrections.end() || label != labels.end();
    if (by_person && read.request.stays == Stays::no_answer) read.request.stays.reset();
    const ContractMatch found = match(task_, call.project, read.request);
    if (!found.matches()) {
      leave_out(found.differs == ContractPart::request ? found.detail : "other_task");
      continue;
    }
    // P2: what a local model answered is no target, whoever asks for it.
    if (call.origin == Origin::local && !by_person) {
      leave_out("local_answer");
      continue;
    }
    Candidate& candidate = candidates_.emplace_back();
    candidate.call = &call;
    candidate.slots.assign(found.slots.begin(), found.slots.end());
    candidate.input = input_of(candidate.slots);
    candidate.origin = by_person ? Origin::person : Origin::incumbent;
    if (call.origin == Origin::incumbent) candidate.incumbent = read.answer;
    if (correction != corrections.end()) {
      candidate.answer = read_answer(correction->second->response);
    } else if (by_person) {
      candidate.answer = read_answer_text(label->second);
    } else {
      candidate.answer = std::move(read.answer);
    }
  }
}

void Curation::leave_out_if(const std::function<const char*(const Candidate&)>& reason) {
  std::erase_if(candidates_, [&](const Candidate& candidate) {
    const char* why = reason(candidate);
    if (why != nullptr) leave_out(why);
    return why != nullptr;
  });
}

void Curation::keep_teacher_and_form() {
  std::map<std::string, size_t> teachers;
  for (const Candidate& candidate : candidates_) {
    if (candidate.incumbent.kind != AnswerKind::none) ++teachers[candidate.incumbent.model];
  }
  const auto most = std::max_element(teachers.begin(), teachers.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most != teachers.end()) teacher_ = most->first;
  leave_out_if([&](const Candidate& candidate) {
    return candidate.origin == Origin::incumbent && candidate.answer.model != teacher_ ? "other_teacher"
                                                                                       : nullptr;
  });
  // The form is the incumbent's, also where persons gave the targets.
  std::vector<const CallAnswer*> answers;
  for (Candidate& candidate : candidates_) {
    if (candidate.incumbent.model != teacher_) candidate.incumbent = {};
    const bool answered = candidate.incumbent.kind != AnswerKind::none;
    if (answered || teachers.empty()) answers.push_back(answered ? &candidate.incumbent : &candidate.answer);
  }
  form_ = profile_of(answers);
  leave_out_if([&](const Candidate& candidate) -> const char* {
    if (in_form(candidate.answer, form_)) return nullptr;
    return candidate.origin == Origin::person ? "label_not_in_form" : "answer_not_in_form";
  });
}

// The answers that one input got.
struct Votes {
  size_t calls = 0, by_persons = 0;
  const Candidate* first = nullptr;
};

void Curation::merge_equal_inputs() {
  std::map<std::string_view, std::vector<const Candidate*>> by_input;
  for (const Candidate& candidate : candidates_) by_input[candidate.input].push_back(&candidate);
  for (const auto& [input, same] : by_input) {
    std::map<std::string_view, Votes> votes;
    int64_t first_ms = same[0]->call->time_ms;
    std::set<std::string>& tags = tags_.emplace_back();
    for (const Candidate* candidate : same) {
      Votes& vote = votes[candidate->answer.value];
      ++vote.calls;
      vote.by_persons += candidate->origin == Origin::person ? 1 : 0;
      const bool better = vote.first == nullptr ||
                          (candidate->origin == Origin::person && vote.first->origin != Origin::person);
      if (better) vote.first = candidate;
      first_ms = std::min(first_ms, candidate->call->time_ms);
      for (const std::string& tag : candidate->call->tags) {
        if (tag.starts_with(kGroupTag)) tags.insert(tag);
      }
    }
    const auto chosen = std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) {
      return std::pair(a.second.by_persons, a.second.calls) < std::pair(b.second.by_persons, b.second.calls);
    });
    const Candidate& row = *chosen->second.first;
    rows_.push_back({row.call->id, Split::train, "", row.origin, row.slots, row.answer.raw, row.answer.value,
                     row.incumbent.value, first_ms, same.size()});
    inputs_.emplace_back(input);
    if (votes.size() == 1) continue;
    ++conflicting_inputs_;
    conflicting_calls_ += same.size();
    minority_calls_ += same.size() - chosen->second.calls;
    if (conflicts_.size() >= kMaxShownConflicts) continue;
    json::object answers;
    for (const auto& [value, vote] : votes) answers[value] = vote.calls;
    conflicts_.push_back({{"call", row.call->id}, {"answers", std::move(answers)}});
  }
}

void Curation::group() {
  DisjointSets sets(rows_.size());
  join_near_duplicates(inputs_, options_.jaccard, sets);
  std::map<std::string_view, size_t> tagged;
  for (size_t row = 0; row < rows_.size(); ++row) {
    for (const std::string& tag : tags_[row]) sets.join(tagged.emplace(tag, row).first->second, row);
  }
  for (size_t row = 0; row < rows_.size(); ++row) {
    group_of_.push_back(sets.find(row));
    rows_[row].group = fmt::format("{:016x}", hash_bytes(inputs_[group_of_.back()]));
  }
}

SplitSizes sizes_of(size_t groups, const CurateOptions& options) {
  const auto share = [&](double part) {
    return static_cast<size_t>(std::floor(part * static_cast<double>(groups)));
  };
  const size_t sealed = std::min(options.sealed_rows, share(kMaxSealedShare));
  const size_t dev = share(options.dev_share), benchmark = share(options.benchmark_share);
  return {groups - sealed - dev - benchmark, dev, benchmark, sealed};
}

std::vector<DatasetRow> Curation::rows_of(const std::vector<Split>& splits,
                                          const std::vector<std::vector<size_t>>& groups) {
  std::vector<DatasetRow> rows;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (splits[g] == Split::train) {
      for (const size_t row : groups[g]) rows.push_back(rows_[row]);
      continue;
    }
    // One row speaks for the group: a person's before the incumbent's, then the first.
    size_t chosen = groups[g][0], traffic = 0;
    for (const size_t row : groups[g]) {
      traffic += rows_[row].traffic;
      if (rows_[row].origin == Origin::person && rows_[chosen].origin != Origin::person) chosen = row;
    }
    rows.push_back(rows_[chosen]);
    rows.back().split = splits[g];
    rows.back().traffic = traffic;
  }
  return rows;
}

Result<CuratedDataset> Curation::split() {
  std::map<size_t, std::vector<size_t>> by_first;
  for (size_t row = 0; row < rows_.size(); ++row) by_first[group_of_[row]].push_back(row);
  std::vector<std::vector<size_t>> groups;
  std::vector<GroupToSplit> to_split;
  for (auto& [first, rows] : by_first) {
    int64_t time_ms = rows_[first].time_ms;
    for (const size_t row : rows) time_ms = std::min(time_ms, rows_[row].time_ms);
    to_split.push_back(
        {rows_[first].group, form_.kind == AnswerKind::label ? rows_[first].value : "", time_ms});
    groups.push_back(std::move(rows));
  }
  std::string left_out;
  for (const auto& [reason, count] : left_out_)
    left_out += fmt::format("{}{} {}", left_out.empty() ? "" : ", ", count, reason);
  if (groups.size() < kMinCalls) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} different inputs with an answer are too few for a dataset: it needs {}",
                             groups.size(), kMinCalls),
                 left_out.empty() ? "" : "left out: " + left_out, "Record or import more calls of this task"};
  }
  if (form_.distinct == 1) {
    return Error{ErrorCode::invalid_argument,
                 "all calls of the task have the same answer: there is nothing to learn",
                 form_.commonest[0].first.substr(0, 80), "Check that the answers are those that were meant"};
  }
  const SplitSizes sizes = sizes_of(groups.size(), options_);
  const std::vector<Split> splits =
      options_.by_time ? split_by_time(to_split, sizes) : split_by_class(to_split, sizes, options_.seed);
  std::vector<DatasetRow> rows = rows_of(splits, groups);
  CuratedDataset curated;
  Dataset& dataset = curated.dataset;
  dataset.contract = {task_, form_.kind, form_.fenced, form_.names, teacher_};
  for (DatasetRow& row : rows)
    (row.split == Split::sealed ? curated.sealed : dataset.rows).push_back(std::move(row));
  dataset.hashes = hashes_of(dataset.contract, dataset.rows, curated.sealed);
  dataset.sealed_rows = curated.sealed.size();
  dataset.card = card(curated, groups.size());
  return curated;
}

json::object Curation::card(const CuratedDataset& curated, size_t groups) const {
  json::object splits, answers, origins, left_out;
  const auto count = [](json::object& counts, std::string_view name) {
    json::value& value = counts[name];
    value = value.is_null() ? 1 : value.to_number<int64_t>() + 1;
  };
  int64_t first_ms = rows_[0].time_ms, last_ms = first_ms;
  for (const Split split : kAllSplits) splits[name_of(split)] = 0;
  for (const auto* part : {&curated.dataset.rows, &curated.sealed}) {
    for (const DatasetRow& row : *part) {
      count(splits, name_of(row.split));
      count(origins, name_of(row.origin));
      first_ms = std::min(first_ms, row.time_ms);
      last_ms = std::max(last_ms, row.time_ms);
      if (form_.kind != AnswerKind::label) continue;
      json::value& by_split = answers[row.value];
      if (by_split.is_null()) by_split = json::object();
      count(by_split.get_object(), name_of(row.split));
    }
  }
  for (const auto& [reason, calls] : left_out_) left_out[reason] = calls;
  return {{"dataset", curated.dataset.hashes.all},
          {"open_rows_hash", curated.dataset.hashes.open},
          {"sealed_rows_hash", curated.dataset.hashes.sealed},
          {"task", task_.key()},
          {"task_title", task_.title()},
          {"project", task_.project},
          {"contract", curated.dataset.contract.hash()},
          {"teacher", teacher_},
          {"answer_form", form_.form()},
          {"calls", candidates_.size()},
          {"inputs", rows_.size()},
          {"groups", groups},
          {"first_ms", first_ms},
          {"last_ms", last_ms},
          {"rows", std::move(splits)},
          {"targets_from", std::move(origins)},
          {"left_out", std::move(left_out)},
          {"distinct_answers", form_.distinct},
          {"entropy_bits", form_.entropy_bits},
          {"answers", std::move(answers)},
          {"conflicts",
           {{"inputs", conflicting_inputs_},
            {"calls", conflicting_calls_},
            {"calls_with_another_answer", minority_calls_},
            {"first", conflicts_}}},
          {"options",
           {{"sealed_rows", options_.sealed_rows},
            {"dev_share", options_.dev_share},
            {"benchmark_share", options_.benchmark_share},
            {"jaccard", options_.jaccard},
            {"by_time", options_.by_time},
            {"seed", options_.seed}}}};
}

}  // namespace

Result<CuratedDataset> curate(const Task& task, std::span<const Call> calls,
                              const std::map<std::string, std::string>& labels,
                              const CurateOptions& options) {
  const bool shares_fit = options.dev_share >= 0 && options.benchmark_share >= 0 &&
                          options.dev_share + options.benchmark_share + kMaxSealedShare <= 0.9;
  if (!shares_fit || !(options.jaccard > 0 && options.jaccard <= 1)) {
    return Error{ErrorCode::invalid_argument, "the shares of the splits must leave a tenth for training", "",
                 fmt::format("dev and benchmark may have {:.2f} together", 0.9 - kMaxSealedShare)};
  }
  Curation curation(task, options);
  curation.collect(calls, labels);
  curation.keep_teacher_and_form();
  curation.merge_equal_inputs();
  curation.group();
  return curation.split();
}

}  // namespace understudy
