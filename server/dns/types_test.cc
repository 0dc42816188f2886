#include "server/dns/types.h"

#include <gtest/gtest.h>

namespace podnamed::dns {
namespace {

TEST(RecordTypeName, ReadsBackWhatItWrites) {
  for (uint32_t number = 0; number <= 65535; ++number) {
    const auto type = static_cast<RecordType>(number);
    EXPECT_EQ(ParseRecordType(NameOf(type)), type) << number;
  }
}

TEST(RecordTypeName, IsTheRegistrysOrANumber) {
  EXPECT_EQ(NameOf(RecordType::kA), "A");
  EXPECT_EQ(NameOf(RecordType::kAaaa), "AAAA");
  EXPECT_EQ(NameOf(RecordType::kSrv), "SRV");
  EXPECT_EQ(NameOf(RecordType{65}), "HTTPS");
  EXPECT_EQ(NameOf(RecordType{65280}), "TYPE65280");
  EXPECT_EQ(ParseRecordType("srv"), RecordType::kSrv);
  EXPECT_EQ(ParseRecordType("Type33"), RecordType::kSrv);
}

TEST(RecordTypeName, RefusesWhatNamesNoType) {
  for (std::string_view text : {"", "AAAAA", "TYPE", "TYPE65536", "TYPE-1", "TYPE+1", "TYPE 1", "TYPE1x", "1"}) {
    EXPECT_EQ(ParseRecordType(text), std::nullopt) << text;
  }
}

TEST(RcodeName, IsTheRegistrys) {
  EXPECT_EQ(NameOf(Rcode::kNoError), "NOERROR");
  EXPECT_EQ(NameOf(Rcode::kNxDomain), "NXDOMAIN");
  EXPECT_EQ(NameOf(Rcode::kBadVers), "BADVERS");
  EXPECT_EQ(NameOf(Rcode{9}), "NOTAUTH");
  EXPECT_EQ(NameOf(Rcode{3000}), "OTHER");
}

}  // namespace
}  // namespace podnamed::dns
