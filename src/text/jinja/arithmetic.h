// Python's binary and unary operators on numbers, strings and lists. Integers have 64 bits: beyond is an
// error.
#pragma once

#include "text/jinja/runtime.h"

namespace understudy::jinja {

enum class ArithmeticOp { add, subtract, multiply, divide, floor_divide, modulo, power };

Result<Value> arithmetic(Runtime& runtime, ArithmeticOp op, const Value& a, const Value& b);
Result<Value> negate(const Value& value);

}  // namespace understudy::jinja
