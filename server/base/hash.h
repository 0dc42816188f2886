// Hashes of what a query looks up: texts and addresses, nearly all of them short. In line, with a multiplication for
// each 16 octets and one at the end (the way of wyhash); every bit is as good as the others. Another in every process,
// so that nobody can choose names that collide.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "absl/numeric/int128.h"

namespace podnamed::base {
namespace hash_internal {

// Odd, and half of their bits set, evenly spread (wyhash's).
inline constexpr uint64_t kFirst = 0xA0761D6478BD642F;
inline constexpr uint64_t kSecond = 0xE7037ED1A0B428DB;

// Stands where the loader has put the program, which nobody knows from outside.
inline constexpr char kSeed = 0;

template <typename Word>
uint64_t Load(const char* octets) {
  Word word;
  std::memcpy(&word, octets, sizeof(word));
  return word;
}

inline uint64_t Mix(uint64_t a, uint64_t b) {
  const absl::uint128 product = absl::uint128(a) * b;
  return absl::Uint128Low64(product) ^ absl::Uint128High64(product);
}

}  // namespace hash_internal

// `seed`: the hash of what goes before, of a key of several parts.
inline uint64_t HashOf(std::string_view octets, uint64_t seed = 0) {
  using namespace hash_internal;
  const char* at = octets.data();
  size_t size = octets.size();
  seed ^= reinterpret_cast<uintptr_t>(&kSeed);
  for (; size > 16; size -= 16, at += 16) {
    seed = Mix(Load<uint64_t>(at) ^ kFirst, Load<uint64_t>(at + 8) ^ seed);
  }
  uint64_t a = 0;
  uint64_t b = 0;
  if (size >= 8) {  // both ends, which overlap
    a = Load<uint64_t>(at);
    b = Load<uint64_t>(at + size - 8);
  } else if (size >= 4) {
    a = Load<uint32_t>(at);
    b = Load<uint32_t>(at + size - 4);
  } else if (size > 0) {
    a = Load<uint8_t>(at) << 16 | Load<uint8_t>(at + size / 2) << 8 | Load<uint8_t>(at + size - 1);
  }
  return Mix(kSecond ^ octets.size(), Mix(a ^ kFirst, b ^ seed));
}

template <size_t kSize>
uint64_t HashOf(const std::array<uint8_t, kSize>& octets) {
  return HashOf(std::string_view(reinterpret_cast<const char*>(octets.data()), kSize));
}

}  // namespace podnamed::base
