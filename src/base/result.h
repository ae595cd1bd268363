// Errors are values with a hint.
//
// Result<T> is either a T or an Error. Anything that a file, a user, the network or a database can cause is
// returned as an Error; CHECK (base/check.h) is for our own bugs and no input may reach it.
//
//   Result<int> parse(std::string_view s);
//   Result<int> twice(std::string_view s) {
//     ASSIGN_OR_RETURN(int n, parse(s));
//     return 2 * n;
//   }
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace understudy {

enum class ErrorCode {
  invalid_argument,  // the caller's request is wrong; the same call will fail again
  not_found,         // the named thing does not exist
  unsupported,       // valid, but not something this version does
  corrupt,           // a file or message breaks its own format
  context_overflow,  // prompt + answer do not fit the context
  exhausted,         // a limit or queue is full; later may work
  unauthenticated,   // no key, or a wrong one
  forbidden,         // not allowed from here
  io,                // the operating system or the network said no
  cancelled,         // the client went away, or we are shutting down
  internal,          // our bug
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string what;   // one sentence: what is wrong, with expected and found
  std::string where;  // file, key, parameter or line; may be empty
  std::string hint;   // what to do next; may be empty

  // "what (where). hint"
  std::string message() const {
    std::string text = what;
    if (!where.empty()) text += " (" + where + ")";
    if (!hint.empty()) text += ". " + hint;
    return text;
  }
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : value_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return value_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(value_); }
  const T& value() const& { return std::get<0>(value_); }
  T&& value() && { return std::get<0>(std::move(value_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return std::get<1>(value_); }

 private:
  std::variant<T, Error> value_;
};

// A Result without a value: Status() is success.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design
  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace understudy

#define UNDERSTUDY_CONCAT_(a, b) a##b
#define UNDERSTUDY_CONCAT(a, b) UNDERSTUDY_CONCAT_(a, b)
#define RETURN_IF_ERROR(expression)                                         \
  do {                                                                      \
    if (auto status_ = (expression); !status_.ok()) return status_.error(); \
  } while (0)
#define ASSIGN_OR_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_(UNDERSTUDY_CONCAT(result_, __LINE__), declaration, expression)
#define ASSIGN_OR_RETURN_(result, declaration, expression) \
  auto result = (expression);                              \
  if (!result.ok()) return result.error();                 \
  declaration = std::move(result).value()
