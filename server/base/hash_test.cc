#include "server/base/hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <string>

#include "server/base/ip_address.h"

namespace podnamed::base {
namespace {

TEST(Hash, EveryOctetCountsAndSoDoesTheLength) {
  std::set<uint64_t> hashes;
  size_t keys = 0;
  for (size_t size = 0; size <= 70; ++size) {
    const std::string zeros(size, '\0');
    hashes.insert(HashOf(zeros));
    ++keys;
    for (size_t i = 0; i < size; ++i) {
      std::string other = zeros;
      other[i] = 'x';
      hashes.insert(HashOf(other));
      ++keys;
    }
  }
  EXPECT_EQ(hashes.size(), keys);
}

TEST(Hash, GoesOnFromThePartBefore) {
  EXPECT_NE(HashOf("nginx", HashOf("default")), HashOf("default", HashOf("nginx")));
  EXPECT_NE(HashOf("nginx", HashOf("default")), HashOf("nginx", HashOf("kube-system")));
  EXPECT_EQ(HashOf("nginx", HashOf("default")), HashOf("nginx", HashOf("default")));
}

TEST(Hash, OfAnAddressIsThatOfItsOctets) {
  const Ipv4Address v4 = {10, 0, 0, 7};
  const Ipv6Address v6 = {0xFD};
  EXPECT_EQ(HashOf(IpAddress(v4)), HashOf(v4));
  EXPECT_EQ(HashOf(IpAddress(v6)), HashOf(v6));
}

// A trie branches by five bits at a time: names that differ in a digit must spread over all of them.
TEST(Hash, NeighboursDifferInHalfOfTheBits) {
  size_t differing = 0;
  constexpr int kNames = 1000;
  for (int i = 0; i < kNames; ++i) {
    const uint64_t one = HashOf("web-" + std::to_string(i));
    const uint64_t next = HashOf("web-" + std::to_string(i + 1));
    differing += static_cast<size_t>(std::popcount(one ^ next));
  }
  EXPECT_GT(differing, kNames * 30);
  EXPECT_LT(differing, kNames * 34);
}

}  // namespace
}  // namespace podnamed::base
