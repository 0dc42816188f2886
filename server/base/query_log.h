// The log of queries, which somebody has asked for: lines "[INFO] text", by the same writer as those of log.h and from
// the same bounded queue, but not held back by its `quiet`. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace podnamed::base {

void WriteQueryLog(std::string_view text);

// Lines, these and others, that were pushed out of the full queue since StartLogging.
uint64_t DroppedLogLines();

}  // namespace podnamed::base
