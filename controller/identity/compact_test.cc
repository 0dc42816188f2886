#include "controller/identity/compact.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <tuple>

namespace podnamed::controller::compact {
namespace {

TEST(Compact, UidsComeBackAsTheyWere) {
  for (const char* uid : {"", "5f3c9a50-7d0e-4f7e-9c1b-0a5f2d7f4f11", "5F3c9a50-7d0e-4f7e-9c1b-0a5f2d7f4f11",
                          "5f3c9a50-7d0e-4f7e-9c1b-0a5f2d7f4f1", "5f3c9a5007d0e-4f7e-9c1b-0a5f2d7f4f11",
                          "5f3c9a50-7d0e-4f7e-9c1b-0a5f2d7f4f1g"}) {
    std::string octets;
    PutUid(uid, &octets);
    Reader reader(octets);
    EXPECT_EQ(reader.Uid(), uid);
    EXPECT_TRUE(reader.is_done());
  }
}

TEST(Compact, AddressesComeBackAsTheyWere) {
  for (const char* address :
       {"", "10.0.0.1", "10.0.0.01", "::", "fd00::1", "FD00::1", "fd00:0::1", "::ffff:10.0.0.1"}) {
    std::string octets;
    PutAddress(address, &octets);
    Reader reader(octets);
    EXPECT_EQ(reader.Address(), address);
    EXPECT_TRUE(reader.is_done());
  }
}

TEST(Compact, NumbersComeBackAsTheyWere) {
  std::string octets;
  for (const uint64_t number : {uint64_t{0}, uint64_t{127}, uint64_t{128}, ~uint64_t{0}}) PutNumber(number, &octets);
  Reader reader(octets);
  EXPECT_EQ(reader.Number(), 0u);
  EXPECT_EQ(reader.Number(), 127u);
  EXPECT_EQ(reader.Number(), 128u);
  EXPECT_EQ(reader.Number(), ~uint64_t{0});
}

TEST(Compact, ATextTakesWhatItDoesNotShare) {
  for (const auto& [model, text, size] : {std::tuple{"web", "web-12", 5u},
                                          {"web-12", "web", 2u},
                                          {"", "web", 5u},
                                          {"web", "", 2u},
                                          {"web", "db", 4u},
                                          {"web", "web", 2u}}) {
    std::string octets;
    PutTextLike(model, text, &octets);
    EXPECT_EQ(octets.size(), size) << model << " " << text;
    Reader reader(octets);
    EXPECT_EQ(reader.TextLike(model), text);
    EXPECT_TRUE(reader.is_done());
  }
}

}  // namespace
}  // namespace podnamed::controller::compact
