#include "server/dns/edns.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace podnamed::dns {
namespace {

using std::literals::operator""s;

// From behind the type on: class (size), rcode bits, version, flags, length of the options, options.
struct Case {
  std::string_view what;
  std::string octets;
  bool well_formed;
};

TEST(ReadOpt, TakesSizeVersionAndDo) {
  const std::string octets = "\x04\xD0\x00\x00\x80\x00\x00\x00"s;
  WireReader reader({reinterpret_cast<const uint8_t*>(octets.data()), octets.size()});
  Edns edns;
  EXPECT_TRUE(ReadOpt(reader, edns));
  EXPECT_EQ(edns.udp_payload_size, 1232);
  EXPECT_EQ(edns.version, 0);
  EXPECT_TRUE(edns.dnssec_ok);
}

TEST(ReadOpt, ChecksTheOptionsBounds) {
  const Case kCases[] = {
      {"none", "\x02\x00\x00\x00\x00\x00\x00\x00"s, true},
      {"a cookie", "\x02\x00\x00\x00\x00\x00\x00\x0C\x00\x0A\x00\x08"s + "12345678", true},
      {"two, of which one is empty and unknown", "\x02\x00\x00\x00\x00\x00\x00\x09\xFF\xFE\x00\x00\x00\x0F\x00\x01x"s,
       true},
      {"half an option's header", "\x02\x00\x00\x00\x00\x00\x00\x02\x00\x0A"s, false},
      {"an option longer than the record", "\x02\x00\x00\x00\x00\x00\x00\x04\x00\x0A\x00\x01x"s, false},
      {"a record longer than the message", "\x02\x00\x00\x00\x00\x00\x00\x05\x00\x0A\x00\x00"s, false},
      {"options of version 1 are not looked at", "\x02\x00\x00\x01\x00\x00\x00\x02\xFF\xFF"s, true},
  };
  for (const Case& c : kCases) {
    WireReader reader({reinterpret_cast<const uint8_t*>(c.octets.data()), c.octets.size()});
    Edns edns;
    EXPECT_EQ(ReadOpt(reader, edns), c.well_formed) << c.what;
    EXPECT_EQ(edns.udp_payload_size, 512) << c.what;
  }
}

TEST(ReadOpt, SeesThatTheServersIdentityIsAskedFor) {
  const auto asks = [](const std::string& octets) {
    WireReader reader({reinterpret_cast<const uint8_t*>(octets.data()), octets.size()});
    Edns edns;
    EXPECT_TRUE(ReadOpt(reader, edns));
    return edns.asks_nsid;
  };
  EXPECT_TRUE(asks("\x02\x00\x00\x00\x00\x00\x00\x08\xFF\xFE\x00\x00\x00\x03\x00\x00"s));
  EXPECT_FALSE(asks("\x02\x00\x00\x00\x00\x00\x00\x04\x00\x04\x00\x00"s));
}

TEST(ReadOpt, SeesThatTheQueryIsPadded) {
  const std::string octets = "\x02\x00\x00\x00\x00\x00\x00\x06\x00\x0C\x00\x02\x00\x00"s;
  WireReader reader({reinterpret_cast<const uint8_t*>(octets.data()), octets.size()});
  Edns edns;
  EXPECT_TRUE(ReadOpt(reader, edns));
  EXPECT_TRUE(edns.is_padded);
}

TEST(PutOpt, PadsTheMessageToAWholeBlockAsFarAsThereIsRoom) {
  struct PaddingCase {
    size_t before;  // octets of the message in front of the record
    size_t room;
    size_t length;  // of the message
  };
  for (const PaddingCase& c : {
           PaddingCase{kHeaderLength, 1000, 468},
           PaddingCase{468 - kOptLength - 4, 1000, 468},  // just so, with an option of no octets
           PaddingCase{468 - kOptLength - 3, 1000, 936}, PaddingCase{kHeaderLength, 100, 100},
           PaddingCase{kHeaderLength, kHeaderLength + kOptLength + 3, kHeaderLength + kOptLength},  // none
       }) {
    std::vector<uint8_t> buffer(c.room);
    WireWriter::CompressionTable table;
    WireWriter writer(absl::MakeSpan(buffer), table);
    writer.PutOctets(std::string(c.before - kHeaderLength, 'x'));
    PutOpt(writer, Edns{}, Rcode::kNoError, std::nullopt, {}, /*pads=*/true);
    EXPECT_FALSE(writer.overflowed());
    EXPECT_EQ(writer.position(), c.length) << c.before << " of " << c.room;
    const size_t options = buffer[c.before + 9] << 8 | buffer[c.before + 10];
    EXPECT_EQ(options, c.length - c.before - kOptLength);
  }
}

TEST(PutOpt, PutsTheServersIdentityBeforeAnError) {
  std::array<uint8_t, kHeaderLength + kOptLength + 5 + 7> buffer;
  WireWriter::CompressionTable table;
  WireWriter writer(absl::MakeSpan(buffer), table);
  PutOpt(writer, Edns{.asks_nsid = true}, Rcode::kNoError, ExtendedError{ExtendedError::kStaleAnswer, "old"}, "n");
  EXPECT_FALSE(writer.overflowed());
  EXPECT_EQ(std::string(buffer.begin() + kHeaderLength + 9, buffer.begin() + static_cast<ptrdiff_t>(writer.position())),
            "\x00\x0C\x00\x03\x00\x01n\x00\x0F\x00\x03\x00\x03o"s);
}

TEST(PutOpt, SaysOurSizeTheClientsDoAndTheUpperRcode) {
  std::array<uint8_t, kHeaderLength + kOptLength> buffer;
  WireWriter::CompressionTable table;
  WireWriter writer(absl::MakeSpan(buffer), table);
  PutOpt(writer, Edns{.udp_payload_size = 4096, .version = 7, .dnssec_ok = true}, Rcode::kBadVers);
  EXPECT_FALSE(writer.overflowed());
  EXPECT_EQ(writer.position(), buffer.size());
  EXPECT_EQ(std::string(buffer.begin() + kHeaderLength, buffer.end()), "\x00\x00\x29\x04\xD0\x01\x00\x80\x00\x00\x00"s);
}

TEST(PutOpt, TakesAnExtendedErrorAsFarAsThereIsRoom) {
  struct ErrorCase {
    std::string_view text;
    size_t room;  // behind the record without options
    std::string options;
  };
  const ErrorCase kCases[] = {
      {"no such pod", 100, "\x00\x0F\x00\x0D\x00\x1Eno such pod"s},
      {"no such pod", 17, "\x00\x0F\x00\x0D\x00\x1Eno such pod"s},
      {"no such pod", 16, "\x00\x0F\x00\x0C\x00\x1Eno such po"s},
      {"no such pod", 6, "\x00\x0F\x00\x02\x00\x1E"s},
      {"no such pod", 5, ""},
      {"no such pod", 0, ""},
      {"", 100, "\x00\x0F\x00\x02\x00\x1E"s},
      {"x\u00e9y\u20ac", 13, "\x00\x0F\x00\x09\x00\x1Ex\u00e9y\u20ac"s},
      {"x\u00e9y\u20ac", 12, "\x00\x0F\x00\x06\x00\x1Ex\u00e9y"s},
      {"x\u00e9y\u20ac", 10, "\x00\x0F\x00\x06\x00\x1Ex\u00e9y"s},
      {"x\u00e9y\u20ac", 8, "\x00\x0F\x00\x03\x00\x1Ex"s},
      {"\u20ac", 8, "\x00\x0F\x00\x02\x00\x1E"s},
  };
  for (const ErrorCase& c : kCases) {
    std::vector<uint8_t> buffer(kHeaderLength + kOptLength + c.room);
    WireWriter::CompressionTable table;
    WireWriter writer(absl::MakeSpan(buffer), table);
    PutOpt(writer, Edns{}, Rcode::kNxDomain, ExtendedError{ExtendedError::kInvalidQueryType, c.text});
    EXPECT_FALSE(writer.overflowed());
    const std::string record(buffer.begin() + kHeaderLength, buffer.begin() + writer.position());
    const std::string length = {'\0', static_cast<char>(c.options.size())};
    EXPECT_EQ(record, "\x00\x00\x29\x04\xD0\x00\x00\x00\x00"s + length + c.options) << c.text << " in " << c.room;
  }
}

}  // namespace
}  // namespace podnamed::dns
