#include "flywheel/curate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "flywheel/dataset_files.h"
#include "flywheel/mine.h"
#include "flywheel/testing/calls.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLabels[] = {"refund", "fees", "loan"};

Call labelled(size_t number) {
  return chat_call(
      {{"system", "Sort the message into refund, fees or loan. Answer with one label and nothing else."},
       {"user", "Message: " + sentence(number * 131)}},
      kLabels[number % 3]);
}

std::vector<Call> labelled_calls(size_t count) {
  std::vector<Call> calls;
  for (size_t i = 0; i < count; ++i) calls.push_back(labelled(i));
  return calls;
}

Task task_of(const std::vector<Call>& calls) {
  std::vector<ReadCall> read;
  for (const Call& call : calls) read.push_back(read_call(call));
  return mine(calls, read).tasks.at(0);
}

std::vector<DatasetRow> all_rows(const CuratedDataset& curated) {
  std::vector<DatasetRow> rows = curated.dataset.rows;
  rows.insert(rows.end(), curated.sealed.begin(), curated.sealed.end());
  return rows;
}

std::string fresh_folder(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / ("understudy-" + name);
  fs::remove_all(folder);
  fs::remove_all(folder.string() + ".unfinished");
  return folder.string();
}

TEST(Curate, KeepsGroupsInOneSplit) {
  std::vector<Call> calls = labelled_calls(300);
  for (size_t i = 0; i < 100; ++i) {  // the same with another ending, and the same in capitals
    Call near = calls[i], again = calls[i];
    near.id += "-near";
    near.request.replace(near.request.rfind("\"}]"), 3, " !\"}]");
    again.id += "-again";
    const size_t at = again.request.rfind("Message: ") + 9;
    for (size_t j = at; again.request[j] != '"'; ++j)
      again.request[j] = static_cast<char>(std::toupper(again.request[j]));
    calls.push_back(near);
    calls.push_back(again);
  }
  const auto curated = curate(task_of(calls), calls, {}, {.sealed_rows = 80});
  ASSERT_TRUE(curated.ok()) << curated.error().message();
  std::map<std::string, std::set<Split>> splits;
  std::map<std::string, size_t> rows_in;
  for (const DatasetRow& row : all_rows(*curated)) {
    splits[row.group].insert(row.split);
    if (row.split != Split::train) ++rows_in[row.group];
  }
  for (const auto& [group, of_group] : splits) EXPECT_EQ(of_group.size(), 1U);
  for (const auto& [group, rows] : rows_in) EXPECT_EQ(rows, 1U);
  EXPECT_EQ(curated->sealed.size(), 80U);
  size_t traffic = 0;
  for (const DatasetRow& row : all_rows(*curated)) traffic += row.traffic;
  EXPECT_EQ(traffic, 500U);
  EXPECT_LE(splits.size(), 300U);
}

TEST(Curate, TagsJoinGroups) {
  std::vector<Call> calls = labelled_calls(90);
  for (size_t i = 0; i < calls.size(); ++i) calls[i].tags = {"group:" + std::to_string(i % 30)};
  const auto curated = curate(task_of(calls), calls, {});
  ASSERT_TRUE(curated.ok());
  EXPECT_EQ(curated->dataset.card.at("groups").to_number<int>(), 30);
}

// P2: no answer of a local model becomes a target, whatever else is true of the call.
TEST(Curate, NoLocalAnswerEnters) {
  std::vector<Call> calls = labelled_calls(120);
  const Task task = task_of(calls);
  std::set<std::string> local;
  for (size_t i = 0; i < calls.size(); i += 2) {
    calls[i].origin = Origin::local;
    calls[i].response = chat_response("loan");
    local.insert(calls[i].id);
  }
  Call person = calls[0];  // a person answered one of them, and labelled another
  person.id = "person-1";
  person.origin = Origin::person;
  person.answer_to = calls[0].id;
  person.response = chat_response("fees");
  calls.push_back(person);
  const auto curated = curate(task, calls, {{calls[2].id, "refund"}});
  ASSERT_TRUE(curated.ok()) << curated.error().message();
  size_t from_people = 0;
  for (const DatasetRow& row : all_rows(*curated)) {
    ASSERT_NE(row.origin, Origin::local);
    if (row.origin == Origin::person) {
      ++from_people;
      EXPECT_EQ(row.target, row.call_id == calls[0].id ? "fees" : "refund");
    } else {
      EXPECT_FALSE(local.contains(row.call_id)) << row.call_id;
    }
  }
  EXPECT_EQ(from_people, 2U);
  EXPECT_EQ(curated->dataset.card.at("left_out").at("local_answer").to_number<int>(), 58);
  // Nor from a file that says so.
  EXPECT_FALSE(row_from(R"({"call":"x","split":"train","group":"","origin":"local","slots":[],"target":"a",)"
                        R"("value":"a","time_ms":1,"traffic":1})"));
}

TEST(Curate, LeavesOutOtherTeachersAndForms) {
  std::vector<Call> calls = labelled_calls(100);
  const Task task = task_of(calls);
  for (size_t i = 0; i < 5; ++i) {
    calls[i].response.replace(calls[i].response.find("2026-01"), 7, "2025-07");
    calls[10 + i].response =
        chat_response("I am sorry, but I cannot say. " + sentence(i) + "\n" + sentence(i + 1));
  }
  const auto curated = curate(task, calls, {{calls[20].id, "a label of\nseveral lines"}});
  ASSERT_TRUE(curated.ok());
  const auto& left_out = curated->dataset.card.at("left_out").as_object();
  EXPECT_EQ(left_out.at("other_teacher").to_number<int>(), 5);
  EXPECT_EQ(left_out.at("answer_not_in_form").to_number<int>(), 5);
  EXPECT_EQ(left_out.at("label_not_in_form").to_number<int>(), 1);
  EXPECT_EQ(curated->dataset.contract.teacher, "big-model-2026-01");
  EXPECT_EQ(curated->dataset.contract.answer_kind, AnswerKind::label);
}

TEST(Curate, ReportsConflicts) {
  std::vector<Call> calls = labelled_calls(60);
  for (int i = 0; i < 3; ++i) {
    Call again = labelled(0);
    again.response = chat_response(i < 2 ? "fees" : "refund");
    calls.push_back(again);
  }
  const auto curated = curate(task_of(calls), calls, {});
  ASSERT_TRUE(curated.ok());
  const auto& conflicts = curated->dataset.card.at("conflicts").as_object();
  EXPECT_EQ(conflicts.at("inputs").to_number<int>(), 1);
  EXPECT_EQ(conflicts.at("calls").to_number<int>(), 4);
  EXPECT_EQ(conflicts.at("calls_with_another_answer").to_number<int>(), 2);
}

TEST(Curate, SplitsByTimeWhereTimeIsReal) {
  const std::vector<Call> calls = labelled_calls(100);
  const auto curated = curate(task_of(calls), calls, {}, {.sealed_rows = 20, .by_time = true});
  ASSERT_TRUE(curated.ok());
  int64_t last_train = 0, first_sealed = INT64_MAX;
  for (const DatasetRow& row : curated->dataset.rows) {
    if (row.split == Split::train) last_train = std::max(last_train, row.time_ms);
  }
  for (const DatasetRow& row : curated->sealed) first_sealed = std::min(first_sealed, row.time_ms);
  EXPECT_EQ(curated->sealed.size(), 20U);
  EXPECT_LT(last_train, first_sealed);
}

TEST(Curate, EverySplitSeesEveryFrequentAnswer) {
  const std::vector<Call> calls = labelled_calls(240);
  const auto curated = curate(task_of(calls), calls, {}, {.sealed_rows = 60});
  ASSERT_TRUE(curated.ok());
  for (const char* label : kLabels) {
    const auto& splits = curated->dataset.card.at("answers").at(label).as_object();
    EXPECT_EQ(splits.size(), 4U) << label;
    EXPECT_NEAR(splits.at("sealed").to_number<double>(), 20, 3) << label;
  }
}

TEST(Curate, IsTheSameInAnyOrder) {
  std::vector<Call> calls = labelled_calls(100);
  const Task task = task_of(calls);
  const auto forth = curate(task, calls, {});
  std::reverse(calls.begin(), calls.end());
  const auto back = curate(task, calls, {});
  ASSERT_TRUE(forth.ok() && back.ok());
  EXPECT_EQ(forth->dataset.hashes, back->dataset.hashes);
  const auto other = curate(task, calls, {}, {.seed = 1});
  ASSERT_TRUE(other.ok());
  EXPECT_NE(other->dataset.hashes.sealed, forth->dataset.hashes.sealed);
}

TEST(Curate, SaysWhatIsMissing) {
  std::vector<Call> calls = labelled_calls(30);
  const Task task = task_of(calls);
  EXPECT_NE(curate(task, std::span(calls).first(5), {}).error().what.find("5 different inputs"),
            std::string::npos);
  for (Call& call : calls) call.response = chat_response("loan");
  EXPECT_NE(curate(task, calls, {}).error().what.find("same answer"), std::string::npos);
  EXPECT_EQ(curate(task, {}, {}).error().code, ErrorCode::invalid_argument);
}

TEST(DatasetFolder, OpensItsSealOnce) {
  const std::vector<Call> calls = labelled_calls(120);
  const auto curated = curate(task_of(calls), calls, {});
  ASSERT_TRUE(curated.ok());
  const std::string folder = fresh_folder("sealed");
  ASSERT_TRUE(write_dataset(curated->dataset, curated->sealed, folder).ok());
  ASSERT_TRUE(write_dataset(curated->dataset, curated->sealed, folder).ok());  // it is there
  const auto read = read_dataset(folder);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->hashes, curated->dataset.hashes);
  EXPECT_EQ(read->rows.size(), curated->dataset.rows.size());
  EXPECT_EQ(read->sealed_rows, curated->sealed.size());
  EXPECT_FALSE(seal_opening(folder)->has_value());
  const auto first = open_sealed(folder, {"policy-a", 5});
  ASSERT_TRUE(first.ok()) << first.error().message();
  EXPECT_EQ(first->size(), curated->sealed.size());
  const auto second = open_sealed(folder, {"policy-b", 6});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::forbidden);
  EXPECT_NE(second.error().what.find("policy-a"), std::string::npos);
  EXPECT_EQ(seal_opening(folder)->value().time_ms, 5);
  fs::remove_all(folder);
}

TEST(DatasetFolder, NoRowsWithoutACommittedOpening) {
  const std::vector<Call> calls = labelled_calls(60);
  const auto curated = curate(task_of(calls), calls, {});
  ASSERT_TRUE(curated.ok());
  const std::string folder = fresh_folder("uncommitted");
  ASSERT_TRUE(write_dataset(curated->dataset, curated->sealed, folder).ok());
  // Something stands where the opening must be written: as after a crash in the middle of it.
  std::ofstream(folder + "/opened.json").close();
  EXPECT_EQ(open_sealed(folder, {"policy-a", 5}).error().code, ErrorCode::forbidden);
  EXPECT_TRUE(seal_opening(folder)->has_value());
  fs::remove_all(folder);
}

TEST(DatasetFolder, NoticesChangedRows) {
  const std::vector<Call> calls = labelled_calls(60);
  const auto curated = curate(task_of(calls), calls, {});
  ASSERT_TRUE(curated.ok());
  for (const std::string file : {"rows.jsonl", "sealed.jsonl"}) {
    const std::string folder = fresh_folder("changed");
    ASSERT_TRUE(write_dataset(curated->dataset, curated->sealed, folder).ok());
    std::string text;
    std::getline(std::ifstream(folder + "/" + file), text, '\0');
    text.erase(0, text.find('\n') + 1);
    std::ofstream(folder + "/" + file) << text;
    EXPECT_EQ(open_sealed(folder, {"policy", 1}).error().code, ErrorCode::corrupt) << file;
    fs::remove_all(folder);
  }
  EXPECT_EQ(read_dataset(fresh_folder("nothing")).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace understudy
