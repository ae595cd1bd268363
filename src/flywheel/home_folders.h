// Where the loop keeps what it makes, inside the home folder.
#pragma once

#include <string>

#include "base/result.h"
#include "flywheel/task.h"

namespace understudy {

// "datasets/TASK-DATASET" and "specialists/TASK/DATASET-RUNG", of the first 12 digits of the hashes.
std::string dataset_folder(const std::string& task, const std::string& dataset);
std::string specialist_folder(const std::string& task, const std::string& dataset, const std::string& rung);

// Embeddings of the task's texts (remembered_embeddings.h), which all of its specialists share; inside home.
std::string embeddings_file(const std::string& task);

// The task of HOME/tasks whose key begins so. Error{not_found}, Error{invalid_argument}.
Result<Task> task_of_home(const std::string& home, const std::string& beginning);

// Makes a folder (0700) and those above it. Error{io}.
Status make_private_folder(const std::string& path);

// The specialist that specialise() chose last for a task: its folder inside home. Error{not_found} says what to do.
Status keep_choice(const std::string& home, const std::string& task, const std::string& folder);
Result<std::string> chosen_specialist(const std::string& home, const std::string& task);

}  // namespace understudy
