// What the ledger accepts. A call that breaks a limit is refused whole, with the field's name.
#pragma once

#include <chrono>
#include <cstddef>

namespace understudy {

constexpr size_t kMaxFieldBytes = 4096;     // each short text of a Call or Feedback
constexpr size_t kMaxTags = 64;             // a call
constexpr size_t kMaxBodyBytes = 64 << 20;  // request and response, each
constexpr size_t kMaxLineBytes =
    8 << 20;                              // a line of an imported file; parsed JSON takes up to 40 times that
constexpr size_t kMaxQueuedCalls = 1024;  // appends waiting for the disk
constexpr size_t kMaxQueuedBytes = 256 << 20;  // their bodies
constexpr int kMaxPageCalls = 1000;            // a page of a query
constexpr int kEraseBatch = 500;  // calls deleted in one transaction, so that writers get their turn
constexpr auto kBusyTimeout = std::chrono::seconds(10);  // waiting for another process's transaction

}  // namespace understudy
