#include "server/state/address_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podnamed::state {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<uint64_t> Owners(const AddressIndex& index, std::string_view address) {
  std::vector<uint64_t> owners;
  index.ForEach(*base::ParseIpAddress(address), [&](uint64_t hash) { owners.push_back(hash); });
  return owners;
}

uint64_t Approached(const AddressIndex& index, std::string_view address) {
  AddressIndex::Approach approach(index, *base::ParseIpAddress(address));
  while (approach.Step()) continue;
  return approach.hash();
}

TEST(AddressIndex, AnAddressMayBelongToSeveralServices) {
  for (const std::string_view text : {"10.0.0.1", "fd00::1"}) {
    const base::IpAddress address = *base::ParseIpAddress(text);
    AddressIndex index;
    EXPECT_THAT(Owners(index, text), IsEmpty());
    index.Add(address, 100);
    EXPECT_THAT(Owners(index, text), ElementsAre(100));
    index.Add(address, 200);
    index.Add(address, 300);
    EXPECT_THAT(Owners(index, text), UnorderedElementsAre(100, 200, 300));
    const AddressIndex before = index;
    index.Remove(address, 100);
    EXPECT_THAT(Owners(index, text), UnorderedElementsAre(200, 300));
    index.Remove(address, 300);
    EXPECT_THAT(Owners(index, text), ElementsAre(200));
    index.Remove(address, 200);
    EXPECT_THAT(Owners(index, text), IsEmpty());
    EXPECT_EQ(index.size(), 0U);
    EXPECT_THAT(Owners(before, text), UnorderedElementsAre(100, 200, 300)) << "a copy never changes";
  }
}

TEST(AddressIndex, IsApproachedInSteps) {
  AddressIndex index;
  EXPECT_EQ(Approached(index, "10.0.0.1"), AddressIndex::kNone);
  for (uint8_t i = 0; i < 200; ++i) {
    index.Add(base::IpAddress(base::Ipv4Address{10, 0, 0, i}), 1000U + i);
    index.Add(base::IpAddress(base::Ipv6Address{0xfd, i}), 2000U + i);
  }
  index.Add(*base::ParseIpAddress("10.0.0.9"), 5);
  EXPECT_EQ(Approached(index, "10.0.0.7"), 1007U);
  EXPECT_EQ(Approached(index, "fd07::"), 2007U);
  EXPECT_EQ(Approached(index, "10.0.0.9"), AddressIndex::kSeveral);
}

TEST(AddressIndex, FamiliesDoNotMix) {
  AddressIndex index;
  index.Add(*base::ParseIpAddress("0.0.0.1"), 5);
  EXPECT_THAT(Owners(index, "::1"), IsEmpty());
}

}  // namespace
}  // namespace podnamed::state
