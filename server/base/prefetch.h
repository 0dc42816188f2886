// Asks memory for what will be read soon, so that the processor need not wait for it then: a line that lies in no cache
// costs as much as some hundred instructions, and several that are asked for at once cost hardly more than one.
#pragma once

#include <cstddef>

namespace podnamed::base {

inline constexpr size_t kCacheLine = 64;  // octets

// The line that `address` lies in; any address will do, also one that is not mapped.
inline void Prefetch(const void* address) { __builtin_prefetch(address); }

// A short text, which may lie in two lines.
inline void PrefetchText(const char* text) {
  constexpr size_t kShort = 24;
  Prefetch(text);
  Prefetch(text + kShort);
}

}  // namespace podnamed::base
