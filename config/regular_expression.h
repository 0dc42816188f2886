// Regular expressions as an operator writes them: RE2's, which are Go's.
#pragma once

#include <string>

#include "config/vocabulary.h"

namespace podnamed::config {

// Checks the word and puts it into `pattern`; false, and an error, if it is none or has more than 10,000 characters.
bool ReadRegularExpression(const Token& word, std::string& pattern, const Context& context);

}  // namespace podnamed::config
