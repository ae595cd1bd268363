// Values that no text can complete are taken out of a grammar.
#pragma once

#include "grammar/value_language.h"

namespace understudy {

// Removes what is not productive: alternatives, optional properties (their value becomes -1: forbidden), key
// classes, item options; array lengths shrink to what can be reached. Least fixed point, so that a value that
// only recurses into itself is empty.
void keep_productive(ValueGrammar& grammar);

// Items that can be counted among those from `from` up to the array's greatest length; kEndless if there is
// no end to them.
uint32_t countable_items(const ArrayLanguage& array, size_t from);
// Items from `from` up to the array's least length that cannot help being counted.
uint32_t forced_counts(const ArrayLanguage& array, size_t from);

}  // namespace understudy
