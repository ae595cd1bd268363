#include "app/line_editor.h"

#include <histedit.h>

#include <clocale>
#include <cstdio>

namespace understudy {
namespace {
constexpr int kHistoryLines = 1000;
}

struct LineEditor::Impl {
  std::string history_path, prompt;
  EditLine* editor = nullptr;
  History* history = nullptr;
  bool interrupted = false;

  static Impl& of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<Impl*>(data);
  }
  static char* show_prompt(EditLine* editor) { return of(editor).prompt.data(); }
  static unsigned char interrupt(EditLine* editor, int) {
    of(editor).interrupted = true;
    std::fputs("^C\n", stdout);
    return CC_NEWLINE;
  }
};

LineEditor::LineEditor(std::string history_path) : impl_(std::make_unique<Impl>()) {
  // libedit reads characters of the locale; in the "C" locale only ASCII would be some.
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
  impl_->history_path = std::move(history_path);
  impl_->history = history_init();
  HistEvent event;
  history(impl_->history, &event, H_SETSIZE, kHistoryLines);
  history(impl_->history, &event, H_SETUNIQUE, 1);
  history(impl_->history, &event, H_LOAD, impl_->history_path.c_str());
  impl_->editor = el_init("understudy", stdin, stdout, stderr);
  el_set(impl_->editor, EL_CLIENTDATA, impl_.get());
  el_set(impl_->editor, EL_PROMPT, &Impl::show_prompt);
  el_set(impl_->editor, EL_EDITOR, "emacs");
  el_set(impl_->editor, EL_HIST, history, impl_->history);
  el_set(impl_->editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  // While a line is edited Ctrl-C is a key like others: a signal could not tell libedit to give the line up.
  el_set(impl_->editor, EL_SETTY, "-d", "-isig", nullptr);
  el_set(impl_->editor, EL_ADDFN, "interrupt-line", "Give the line up", &Impl::interrupt);
  el_set(impl_->editor, EL_BIND, "^C", "interrupt-line", nullptr);
}

LineEditor::~LineEditor() {
  HistEvent event;
  history(impl_->history, &event, H_SAVE, impl_->history_path.c_str());
  el_end(impl_->editor);
  history_end(impl_->history);
}

Line LineEditor::read(const std::string& prompt) {
  impl_->prompt = prompt;
  impl_->interrupted = false;
  int size = 0;
  const char* text = el_gets(impl_->editor, &size);
  if (impl_->interrupted) return {"", LineEnd::interrupt};
  if (text == nullptr || size <= 0) return {"", LineEnd::end_of_input};
  Line line{std::string(text, static_cast<size_t>(size)), LineEnd::enter};
  while (line.text.ends_with('\n') || line.text.ends_with('\r')) line.text.pop_back();
  if (!line.text.empty()) {
    HistEvent event;
    history(impl_->history, &event, H_ENTER, line.text.c_str());
  }
  return line;
}

}  // namespace understudy
