// The property that says for how long others may keep the records of the cluster.
#pragma once

#include <cstdint>
#include <optional>

#include "config/number.h"
#include "config/vocabulary.h"

namespace podnamed::config {

// "ttl SECONDS", at most an hour, as CoreDNS has it; std::nullopt and an error if it is otherwise.
inline std::optional<uint32_t> ReadRecordTtl(const Directive& line, const Context& context) {
  constexpr uint32_t kLongestTtl = 3600;
  const Token* argument = OnlyArgument(line, "ttl SECONDS", context.errors);
  if (argument == nullptr) return std::nullopt;
  const std::optional<uint32_t> ttl = ParseNumber(argument->text, kLongestTtl);
  if (!ttl) {
    context.errors.Add(argument->position, "ttl is {}; expected 0 to {} seconds", Quoted(argument->text), kLongestTtl);
  }
  return ttl;
}

}  // namespace podnamed::config
