#include "server/dns/wire_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace podnamed::dns {
namespace {

using std::literals::operator""s;

WireReader ReaderAt(const std::string& message, size_t position) {
  WireReader reader({reinterpret_cast<const uint8_t*>(message.data()), message.size()});
  reader.Skip(position);
  return reader;
}

TEST(WireReader, ReadsNumbersInNetworkOrder) {
  const std::string message = "\x01\x02\x03\x84\x05\x06\x07tail"s;
  WireReader reader = ReaderAt(message, 0);
  EXPECT_EQ(reader.ReadU8(), 0x01);
  EXPECT_EQ(reader.ReadU16(), 0x0203);
  EXPECT_EQ(reader.ReadU32(), 0x84050607u);
  EXPECT_EQ(reader.rest(), "tail");
  EXPECT_EQ(reader.ReadOctets(4), "tail");
  EXPECT_TRUE(reader.ok());
}

TEST(WireReader, AfterAReadBeyondTheEndAllIsZero) {
  const std::string message = "\x01\x02\x03"s;
  WireReader reader = ReaderAt(message, 0);
  EXPECT_EQ(reader.ReadU32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.ReadU8(), 0);
  EXPECT_EQ(reader.ReadOctets(1), "");
  EXPECT_EQ(reader.ReadName(), Name());
  EXPECT_EQ(reader.rest(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(WireReader, ReadsNamesThroughTheirPointers) {
  //                              0123456  7890123  4567  8
  const std::string message = "\7cluster\5local\0\3svc\xC0\x00\3web\xC0\x0F\xC0\x15!"s;
  WireReader reader = ReaderAt(message, 0);
  EXPECT_EQ(reader.ReadName().ToText(), "cluster.local.");
  EXPECT_EQ(reader.ReadName().ToText(), "svc.cluster.local.");
  EXPECT_EQ(reader.ReadName().ToText(), "web.svc.cluster.local.");
  EXPECT_EQ(reader.ReadName().ToText(), "web.svc.cluster.local.");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.rest(), "!");

  reader = ReaderAt(message, 15);
  reader.SkipName();
  reader.SkipName();
  reader.SkipName();
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.rest(), "!");
}

TEST(WireReader, RefusesNamesThatLoopOrLeadForward) {
  struct Case {
    std::string_view what;
    std::string message;
    size_t at;
  };
  const Case kCases[] = {
      {"pointer to itself", "\xC0\x00"s, 0},
      {"label that points to itself", "\1a\xC0\x00"s, 0},
      {"two that point at each other", "\1a\xC0\x04\1b\xC0\x00"s, 4},
      {"pointer into the labels before it", "\1a\1b\xC0\x02"s, 0},
      {"forward", "\xC0\x02\0"s, 0},
      {"beyond the end", "\0\xFF\xFF"s, 1},
      {"half a pointer", "\0\xC0"s, 1},
      {"pointer to a bad label", "\x80\xC0\x00"s, 1},
      {"extended label type", "\x41x\0"s, 0},
      {"cut label", "\5web"s, 0},
      {"no root", "\3web"s, 0},
      {"nothing", ""s, 0},
  };
  for (const Case& c : kCases) {
    WireReader reader = ReaderAt(c.message, c.at);
    EXPECT_EQ(reader.ReadName(), Name()) << c.what;
    EXPECT_FALSE(reader.ok()) << c.what;
  }
}

TEST(WireReader, LongestNameIs255OctetsAlsoThroughPointers) {
  std::string rest;  // 192 octets of labels, then the root
  for (int i = 0; i < 3; ++i) rest += '\x3F' + std::string(63, 'x');
  rest += '\0';
  for (const size_t last : {61, 62}) {
    const std::string message = rest + static_cast<char>(last) + std::string(last, 'y') + "\xC0\x00"s;
    WireReader reader = ReaderAt(message, rest.size());
    EXPECT_EQ(reader.ReadName().wire().size(), last == 61 ? 255u : 1u);
    EXPECT_EQ(reader.ok(), last == 61);
  }
}

TEST(WireReader, SkipNameRefusesWhatIsNoName) {
  const std::string too_long = [] {
    std::string octets;
    for (int i = 0; i < 5; ++i) octets += '\x3F' + std::string(63, 'x');
    return octets + '\0';
  }();
  for (const std::string& message : {""s, "\5web"s, "\3web"s, "\x41x\0"s, "\xC0"s, too_long}) {
    WireReader reader = ReaderAt(message, 0);
    reader.SkipName();
    EXPECT_FALSE(reader.ok());
  }
}

TEST(WireReader, FollowsAtMost127Pointers) {
  std::string message = "\0"s;
  for (size_t pointers = 1; pointers <= 128; ++pointers) {
    const size_t target = pointers == 1 ? 0 : message.size() - 2;
    const size_t place = message.size();
    message += static_cast<char>(0xC0 | target >> 8);
    message += static_cast<char>(target);
    WireReader reader = ReaderAt(message, place);
    reader.ReadName();
    EXPECT_EQ(reader.ok(), pointers <= 127) << pointers;
  }
}

TEST(WireReader, WhatAPointerLeadsToEndsBeforeIt) {
  const std::string ends = "\3abc\0\xC0\x00"s;
  WireReader reader = ReaderAt(ends, 5);
  EXPECT_EQ(reader.ReadName().ToText(), "abc.");
  const std::string runs_on = "\5abc\xC0\x00\0"s;  // its first label holds the pointer
  reader = ReaderAt(runs_on, 4);
  reader.ReadName();
  EXPECT_FALSE(reader.ok());
}

TEST(WireReader, KeepsPointersOutOfTheHeader) {
  const std::string message = "\1a\0\1b\0\xC0\x00\xC0\x03"s;
  const absl::Span<const uint8_t> octets(reinterpret_cast<const uint8_t*>(message.data()), message.size());
  WireReader reader(octets, 3);
  reader.Skip(6);
  WireReader other = reader;
  reader.ReadName();
  EXPECT_FALSE(reader.ok());
  other.Skip(2);
  EXPECT_EQ(other.ReadName().ToText(), "b.");
}

}  // namespace
}  // namespace podnamed::dns
