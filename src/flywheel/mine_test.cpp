// Mining on synthetic logs: what must be one task, what must be two, and what must be none.
#include "flywheel/mine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "flywheel/contract.h"
#include "flywheel/testing/calls.h"

namespace understudy {
namespace {

constexpr const char* kLabels[] = {"card_lost", "refund", "transfer", "fees"};
const std::string kTriage =
    "You sort messages to a bank by what they are about.\nLabels: card_lost, refund, transfer, fees\n"
    "Answer with exactly one label.";

Call triage(size_t number, const std::string& system = kTriage) {
  return chat_call({{"system", system}, {"user", "Message: " + sentence(number) + "\nLabel:"}},
                   kLabels[number % 4]);
}

Call chat(size_t number) {
  return chat_call({{"user", sentence(number * 3 + 1) + " " + sentence(number * 5 + 2)}},
                   "Well. " + sentence(number) + "\n" + sentence(number + 9));
}

struct Mined {
  std::vector<Call> calls;
  std::vector<ReadCall> read;
  Mining mining;

  // Calls of each task, as sets of indexes.
  std::vector<std::set<size_t>> tasks() const {
    std::vector<std::set<size_t>> sets(mining.tasks.size());
    for (size_t i = 0; i < calls.size(); ++i) {
      if (mining.placements[i].task) sets[*mining.placements[i].task].insert(i);
    }
    return sets;
  }
  size_t staying(Stays reason) const {
    return static_cast<size_t>(
        std::count_if(mining.placements.begin(), mining.placements.end(),
                      [&](const Placement& p) { return !p.task && p.stays == reason; }));
  }
};

Mined mine_all(std::vector<Call> calls, std::span<const Task> known = {}) {
  Mined mined{std::move(calls), {}, {}};
  for (const Call& call : mined.calls) mined.read.push_back(read_call(call));
  mined.mining = mine(mined.calls, mined.read, known);
  return mined;
}

void append(std::vector<Call>& calls, size_t count, const std::function<Call(size_t)>& make,
            size_t from = 0) {
  for (size_t i = 0; i < count; ++i) calls.push_back(make(from + i));
}

// Every call of a task renders back from its skeleton and slots.
void expect_exact(const Mined& mined) {
  for (size_t i = 0; i < mined.calls.size(); ++i) {
    if (!mined.mining.placements[i].task) continue;
    const Task& task = mined.mining.tasks[*mined.mining.placements[i].task];
    const ContractMatch found = match(task, mined.calls[i].project, mined.read[i].request);
    ASSERT_TRUE(found.matches()) << found.detail;
    ASSERT_EQ(render(task.skeleton, found.slots), mined.read[i].request.texts);
  }
}

TEST(Mine, FindsOneTaskAndItsSlot) {
  std::vector<Call> calls;
  append(calls, 60, [](size_t i) { return triage(i); });
  const Mined mined = mine_all(calls);
  ASSERT_EQ(mined.mining.tasks.size(), 1U);
  EXPECT_EQ(mined.tasks()[0].size(), 60U);
  const Task& task = mined.mining.tasks[0];
  EXPECT_EQ(task.skeleton.messages[0].literals, std::vector<std::string>{kTriage});
  EXPECT_EQ(task.skeleton.messages[1].literals, (std::vector<std::string>{"Message: ", "\nLabel:"}));
  ASSERT_EQ(task.slots.size(), 1U);
  EXPECT_EQ(task.slots[0].name, "message");
  EXPECT_TRUE(task.slots[0].values.empty());
  expect_exact(mined);
}

TEST(Mine, NeedsTwentyCalls) {
  std::vector<Call> calls;
  append(calls, 19, [](size_t i) { return triage(i); });
  EXPECT_EQ(mine_all(calls).staying(Stays::alone), 19U);
  calls.push_back(triage(19));
  EXPECT_EQ(mine_all(calls).mining.tasks.size(), 1U);
}

TEST(Mine, OneEditedSentenceIsAnotherTask) {
  std::string edited = kTriage;
  edited.replace(edited.find("exactly one label"), 17, "all labels that fit");
  for (const size_t share : {25U, 100U, 400U}) {  // 6, 20 and 50 % of the calls
    std::vector<Call> calls;
    append(calls, 400, [](size_t i) { return triage(i); });
    append(calls, share, [&](size_t i) { return triage(i, edited); }, 1000);
    const Mined mined = mine_all(calls);
    ASSERT_EQ(mined.mining.tasks.size(), 2U) << share;
    auto tasks = mined.tasks();
    if (tasks[0].contains(400)) std::swap(tasks[0], tasks[1]);
    EXPECT_EQ(tasks[0].size(), 400U) << share;
    EXPECT_EQ(tasks[1].size(), share);
    EXPECT_TRUE(tasks[1].contains(400));
    expect_exact(mined);
  }
}

TEST(Mine, OneAddedLabelIsAnotherTask) {
  std::string added = kTriage;
  added.replace(added.find("fees"), 4, "fees, loan");
  std::string first = kTriage;
  first.replace(first.find("card_lost"), 9, "card_gone");
  std::vector<Call> calls;
  append(calls, 100, [](size_t i) { return triage(i); });
  append(calls, 50, [&](size_t i) { return triage(i, added); }, 500);
  append(calls, 40, [&](size_t i) { return triage(i, first); }, 700);
  const Mined mined = mine_all(calls);
  std::multiset<size_t> sizes;
  for (const auto& task : mined.tasks()) sizes.insert(task.size());
  EXPECT_EQ(sizes, (std::multiset<size_t>{40, 50, 100}));
  expect_exact(mined);
}

// One word differs, right before the slot, in 2 and in 30 % of the calls.
TEST(Mine, OneOtherWordBeforeTheSlotIsAnotherTask) {
  const std::string system = "Turn the command for the house into JSON with the keys intent and slots.";
  for (const size_t others : {20U, 400U}) {
    std::vector<Call> calls;
    append(calls, 1000, [&](size_t i) {
      return chat_call({{"system", system}, {"user", "Command: " + sentence(i)}}, kLabels[i % 4]);
    });
    append(calls, others, [&](size_t i) {
      return chat_call({{"system", system}, {"user", "Orders: " + sentence(i)}}, kLabels[i % 4]);
    });
    const Mined mined = mine_all(calls);
    std::multiset<size_t> sizes;
    for (const auto& task : mined.tasks()) sizes.insert(task.size());
    EXPECT_EQ(sizes, (std::multiset<size_t>{others, 1000}));
  }
}

// Most sentences end in a question mark, but not all: it belongs to the slot.
TEST(Mine, PunctuationOfTheInputIsNoConstantText) {
  std::vector<Call> calls;
  append(calls, 400, [](size_t i) {
    return chat_call({{"user", "Answer yes or no to the question that follows here. Question: " +
                                   sentence(i) + (i % 50 == 7 ? "" : "?")}},
                     i % 2 == 0 ? "yes" : "no");
  });
  const Mined mined = mine_all(calls);
  ASSERT_EQ(mined.mining.tasks.size(), 1U);
  EXPECT_EQ(mined.tasks()[0].size(), 400U);
}

TEST(Mine, FewEditsStayAlone) {
  std::vector<Call> calls;
  append(calls, 300, [](size_t i) { return triage(i); });
  for (size_t i = 0; i < 15; ++i) {
    std::string edited = kTriage;
    edited.insert(5 * i, "x");
    calls.push_back(triage(1000 + i, edited));
  }
  const Mined mined = mine_all(calls);
  ASSERT_EQ(mined.mining.tasks.size(), 1U);
  EXPECT_EQ(mined.tasks()[0].size(), 300U);
  EXPECT_EQ(*mined.tasks()[0].rbegin(), 299U);
  EXPECT_EQ(mined.staying(Stays::alone), 15U);
}

TEST(Mine, SeveralSlotsOfEveryKind) {
  std::vector<Call> calls;
  append(calls, 200, [](size_t i) {
    const std::string tier = i % 3 == 0 ? "gold" : i % 3 == 1 ? "silver" : "basic";
    std::string mail;
    for (size_t line = 0; line <= i % 4; ++line) mail += sentence(i * 11 + line) + "\n";
    return chat_call(
        {{"system", "You read mails to our shop and say how urgent they are. Answer low, medium or high."},
         {"user", "Date: 2026-11-" + std::to_string(10 + i % 9) + "\nTier: " + tier + "\n<mail>\n" + mail +
                      "</mail>\nOrders: {\"open\": " + std::to_string(i * 37 % 101) +
                      "}\nHow urgent is it?"}},
        i % 2 == 0 ? "low" : "high");
  });
  const Mined mined = mine_all(calls);
  ASSERT_EQ(mined.mining.tasks.size(), 1U);
  EXPECT_EQ(mined.tasks()[0].size(), 200U);
  const Task& task = mined.mining.tasks[0];
  std::map<std::string, size_t> slots;
  for (const Slot& slot : task.slots) slots[slot.name] = slot.values.size();
  EXPECT_EQ(slots, (std::map<std::string, size_t>{{"date", 0}, {"tier", 3}, {"mail", 0}, {"open", 0}}));
  expect_exact(mined);
}

TEST(Mine, SlotsAtStartAndEnd) {
  std::vector<Call> calls;
  append(calls, 80, [](size_t i) {
    return chat_call(
        {{"user", sentence(i) + "\n\nIs the text above a complaint? Answer yes or no, then think of: " +
                      sentence(i + 5000)}},
        i % 2 == 0 ? "yes" : "no");
  });
  const Mined mined = mine_all(calls);
  ASSERT_EQ(mined.mining.tasks.size(), 1U);
  EXPECT_EQ(mined.mining.tasks[0].slots.size(), 2U);
  EXPECT_EQ(mined.tasks()[0].size(), 80U);
  expect_exact(mined);
}

// Twelve documents, each in many calls: a value that repeats, not twelve tasks.
TEST(Mine, LongSharedDocumentIsASlot) {
  std::vector<std::string> documents(12);
  for (size_t i = 0; i < documents.size(); ++i) {
    for (size_t j = 0; j < 80; ++j) documents[i] += sentence(i * 1000 + j * 3) + " ";
  }
  std::vector<Call> calls;
  append(calls, 360, [&](size_t i) {
    return chat_call(
        {{"user", "Answer from the document only, with yes or no.\n<document>\n" + documents[i % 12] +
                      "\n</document>\nQuestion: " + sentence(i) + "\nAnswer:"}},
        i % 2 == 0 ? "yes" : "no");
  });
  const Mined mined = mine_all(calls);
  ASSERT_EQ(mined.mining.tasks.size(), 1U);
  EXPECT_EQ(mined.tasks()[0].size(), 360U);
  ASSERT_EQ(mined.mining.tasks[0].slots.size(), 2U);
  EXPECT_EQ(mined.mining.tasks[0].slots[0].values.size(), 12U);
  EXPECT_TRUE(mined.mining.tasks[0].slots[1].values.empty());
  expect_exact(mined);
}

// Two tasks and chat under one system prompt that says nothing.
TEST(Mine, TasksUnderACommonSystemPrompt) {
  const std::string system =
      "You are a helpful assistant of Example Ltd. Always be polite, never mention competitors, and answer "
      "in English "
      "unless you are asked in another language.";
  std::vector<Call> calls;
  append(calls, 150, [&](size_t i) {
    return chat_call(
        {{"system", system},
         {"user",
          "Classify the message below into one of card_lost, refund, transfer and fees, and answer "
          "with the class alone.\nMessage: " +
              sentence(i)}},
        kLabels[i % 4]);
  });
  append(calls, 120, [&](size_t i) {
    return chat_call(
        {{"system", system},
         {"user",
          "Does the following review praise the product? Look at the words, not at the stars. Say "
          "praise or blame.\n" +
              sentence(7000 + i)}},
        i % 2 == 0 ? "praise" : "blame");
  });
  append(calls, 200, [&](size_t i) {
    return chat_call({{"system", system}, {"user", sentence(20000 + i * 7)}},
                     sentence(i) + "\n" + sentence(i + 1));
  });
  const Mined mined = mine_all(calls);
  std::multiset<size_t> sizes;
  for (const auto& task : mined.tasks()) sizes.insert(task.size());
  EXPECT_EQ(sizes, (std::multiset<size_t>{120, 150}));
  expect_exact(mined);
}

TEST(Mine, ManyTasksUnderOneSystemPrompt) {
  std::string system = "You are the assistant of Example Ltd. ";
  for (size_t i = 0; i < 40; ++i) system += sentence(i * 977) + " ";
  std::vector<Call> calls;
  append(calls, 800, [&](size_t i) {
    std::string instruction = "Job number " + std::to_string(i % 10 * 7919) + ". ";
    for (size_t j = 0; j < 5; ++j) instruction += sentence(i % 10 * 1000 + j * 31) + " ";
    return chat_call(
        {{"system", system}, {"user", instruction + "\nInput: " + sentence(i * 17) + " " + sentence(i)}},
        (i % 3 == 0 ? "yes" : "no") + std::to_string(i % 10));
  });
  const Mined mined = mine_all(calls);
  ASSERT_EQ(mined.mining.tasks.size(), 10U);
  for (const auto& task : mined.tasks()) EXPECT_EQ(task.size(), 80U);
}

TEST(Mine, ChatIsNoTask) {
  std::vector<Call> calls;
  append(calls, 300, chat);
  append(calls, 200, [](size_t i) {
    return chat_call({{"system", "You are a helpful assistant."}, {"user", sentence(i)}},
                     sentence(i) + "\n" + sentence(i + 1));
  });
  EXPECT_TRUE(mine_all(calls).mining.tasks.empty());
}

TEST(Mine, TodaysDateIsASlotAlreadyOnItsDay) {
  std::vector<Call> calls;
  append(calls, 60, [](size_t i) {
    Call call = triage(i, "Today is November 18, 2026. The rules are those of 2020-01-01. " + kTriage);
    call.time_ms = 20775 * 86'400'000LL + static_cast<int64_t>(i) * 1000;
    return call;
  });
  const Mined mined = mine_all(calls);
  ASSERT_EQ(mined.mining.tasks.size(), 1U);
  ASSERT_EQ(mined.mining.tasks[0].slots.size(), 2U);
  EXPECT_EQ(mined.mining.tasks[0].skeleton.messages[0].literals[0], "Today is ");
  Call tomorrow = triage(900, "Today is November 19, 2026. The rules are those of 2020-01-01. " + kTriage);
  EXPECT_TRUE(match(mined.mining.tasks[0], "", read_request(tomorrow.request)).matches());
}

TEST(Mine, IncrementallyTheSame) {
  std::vector<Call> first, all;
  append(first, 100, [](size_t i) { return triage(i); });
  const Mined before = mine_all(first);
  all = first;
  append(all, 50, [](size_t i) { return triage(i); }, 3000);
  append(all, 40, [](size_t i) {
    return chat_call({{"user", "Which language is this text written in? Name it.\nText: " + sentence(i)}},
                     i % 2 == 0 ? "English" : "French");
  });
  const Mined after = mine_all(all, before.mining.tasks), fresh = mine_all(all);
  ASSERT_EQ(after.mining.tasks.size(), 2U);
  EXPECT_EQ(after.mining.tasks[0], before.mining.tasks[0]);
  EXPECT_EQ(after.tasks()[0].size(), 150U);
  std::set<std::string> keys_after, keys_fresh;
  for (const Task& task : after.mining.tasks) keys_after.insert(task.key());
  for (const Task& task : fresh.mining.tasks) keys_fresh.insert(task.key());
  EXPECT_EQ(keys_after, keys_fresh);
}

TEST(Mine, DifferentPartsAreDifferentTasks) {
  std::vector<Call> calls;
  append(calls, 30, [](size_t i) { return triage(i); });
  append(calls, 30, [](size_t i) {
    Call call = triage(i);
    call.project = "other";
    return call;
  });
  append(calls, 30, [](size_t i) {
    Call call = triage(i);
    auto request = boost::json::parse(call.request).as_object();
    request["max_tokens"] = 5;
    call.request = boost::json::serialize(request);
    return call;
  });
  const Mined mined = mine_all(calls);
  ASSERT_EQ(mined.mining.tasks.size(), 3U);
  for (const auto& task : mined.tasks()) EXPECT_EQ(task.size(), 30U);
}

TEST(Mine, CountsWhatStays) {
  std::vector<Call> calls;
  append(calls, 25, [](size_t) { return chat_call({{"user", "Are you there?"}}, "Yes."); });
  calls.push_back(chat_call({{"user", "Hi"}, {"assistant", "Hello"}, {"user", "Bye"}}, "Bye"));
  calls.push_back(chat_call({{"user", "Hi"}}, "Hello", {{"n", 2}}));
  calls.push_back(triage(1));
  calls.back().response = "";
  calls.push_back(triage(1));
  calls.back().request = "{";
  const Mined mined = mine_all(calls);
  EXPECT_EQ(mined.staying(Stays::repeated), 25U);
  EXPECT_EQ(mined.staying(Stays::multi_turn), 1U);
  EXPECT_EQ(mined.staying(Stays::several_answers), 1U);
  EXPECT_EQ(mined.staying(Stays::no_answer), 1U);
  EXPECT_EQ(mined.staying(Stays::unreadable), 1U);
}

}  // namespace
}  // namespace understudy
