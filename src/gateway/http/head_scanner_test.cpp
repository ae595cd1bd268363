#include "gateway/http/head_scanner.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy {
namespace {

using State = HeadScanner::State;

// The same bytes, first `split` of them, then all.
State scan_in_two(const std::string& bytes, size_t split, size_t* head_size = nullptr) {
  HeadScanner scanner;
  State first = scanner.scan(std::string_view(bytes).substr(0, split));
  State state = first == State::incomplete ? scanner.scan(bytes) : first;
  if (head_size) *head_size = scanner.head_size();
  return state;
}

TEST(HeadScanner, FindsTheEndHoweverTheBytesArrive) {
  const std::string head = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n";
  for (size_t split = 0; split <= head.size(); ++split) {
    size_t head_size = 0;
    EXPECT_EQ(scan_in_two(head + "abc", split, &head_size), State::complete) << split;
    EXPECT_EQ(head_size, head.size()) << split;
  }
}

TEST(HeadScanner, EveryPrefixIsIncomplete) {
  const std::string head = "GET /a HTTP/1.1\r\nHost: x\r\nA:\r\n\r\n";
  for (size_t size = 0; size < head.size(); ++size) {
    HeadScanner scanner;
    EXPECT_EQ(scanner.scan(head.substr(0, size)), State::incomplete) << size;
  }
}

TEST(HeadScanner, RefusesAmbiguityHoweverTheBytesArrive) {
  for (const std::string& head : {
           std::string("GET /a HTTP/1.1\r\nHost: x\n\r\n\r\n"),
           std::string("GET /a HTTP/1.1\r\nHost: x\rA: b\r\n\r\n"),
           std::string("GET /a HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n"),
           std::string("GET /a HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 34),
           std::string(
               "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
       }) {
    for (size_t split = 0; split <= head.size(); ++split) {
      EXPECT_EQ(scan_in_two(head, split), State::bad) << head << " at " << split;
    }
  }
}

TEST(HeadScanner, EveryControlByteIsRefused) {
  for (int byte = 0; byte < 256; ++byte) {
    if (byte == '\r' || byte == '\n') continue;
    HeadScanner scanner;
    std::string head =
        std::string("GET /a HTTP/1.1\r\nHost: x\r\nA: b") + static_cast<char>(byte) + "c\r\n\r\n";
    bool allowed = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    EXPECT_EQ(scanner.scan(head), allowed ? State::complete : State::bad) << byte;
  }
}

}  // namespace
}  // namespace understudy
