// Reading lines from a terminal with editing and a history (libedit: arrow keys, Ctrl-A, Ctrl-R, ...).
#pragma once

#include <memory>
#include <string>

namespace understudy {

enum class LineEnd { enter, interrupt, end_of_input };  // Enter, Ctrl-C, Ctrl-D on an empty line

struct Line {
  std::string text;  // without its end; "" unless Enter ended it
  LineEnd end = LineEnd::enter;
};

class LineEditor {
 public:
  // The history is kept in `history_path`, readable for its owner alone; a file that cannot be read or
  // written is no error. Stdin must be a terminal.
  explicit LineEditor(std::string history_path);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  Line read(const std::string& prompt);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy
