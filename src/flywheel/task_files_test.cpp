#include "flywheel/task_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace understudy {
namespace {

namespace fs = std::filesystem;

Task task_named(const std::string& text) {
  Task task;
  task.project = "support";
  task.parts.layout = "user";
  task.skeleton = {{{{text, ""}}}};
  task.slots = {{"text", {"a", "b"}}};
  return task;
}

TEST(TaskFiles, KeepTasks) {
  const std::string folder = (fs::path(testing::TempDir()) / "understudy-tasks").string();
  fs::remove_all(folder);
  EXPECT_TRUE(read_tasks(folder)->empty());
  const Task first = task_named("One: "), second = task_named("Two: ");
  ASSERT_TRUE(write_task({second, 2}, folder).ok());
  ASSERT_TRUE(write_task({first, 1}, folder).ok());
  ASSERT_TRUE(write_task({first, 1}, folder).ok());  // again
  const auto tasks = read_tasks(folder);
  ASSERT_TRUE(tasks.ok());
  ASSERT_EQ(tasks->size(), 2U);
  EXPECT_EQ((*tasks)[0].task, first);
  EXPECT_EQ((*tasks)[1].task, second);
  EXPECT_EQ(find_task(*tasks, first.key().substr(0, 12))->task, first);
  EXPECT_EQ(find_task(*tasks, "no key").error().code, ErrorCode::not_found);
  EXPECT_EQ(find_task(*tasks, "").error().code, ErrorCode::invalid_argument);
  std::ofstream(folder + "/broken.json") << "{\"task\": 3}";
  EXPECT_EQ(read_tasks(folder).error().code, ErrorCode::corrupt);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace understudy
