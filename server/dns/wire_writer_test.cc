#include "server/dns/wire_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "server/dns/wire_reader.h"

namespace podnamed::dns {
namespace {

using std::literals::operator""s;
using std::literals::operator""sv;

class WireWriterTest : public ::testing::Test {
 protected:
  WireWriterTest() : buffer_(kMaxMessageLength), writer_(absl::MakeSpan(buffer_), table_) {}

  void PutQuestion(std::string_view wire) {
    question_octets_ = wire;
    ASSERT_EQ(question_.Read(question_octets_), wire.size());
    writer_.PutQuestionName(question_);
  }
  // What was written since `start`.
  std::string_view Since(size_t start) const {
    return {reinterpret_cast<const char*>(buffer_.data()) + start, writer_.position() - start};
  }
  Name ReadAt(size_t at) const {
    WireReader reader({buffer_.data(), writer_.position()});
    reader.Skip(at);
    return reader.ReadName();
  }

  std::vector<uint8_t> buffer_;
  WireWriter::CompressionTable table_;
  std::string question_octets_;
  QueryName question_;
  WireWriter writer_;
};

TEST_F(WireWriterTest, NamesPointIntoTheQuestion) {
  PutQuestion("\5web-0\5nginx\7Cluster\5local\0"sv);
  struct Case {
    std::string name;
    std::string written;
  };
  const Case kCases[] = {
      {"\5web-0\5nginx\7cluster\5local\0"s, "\xC0\x0C"s},
      {"\5WEB-0\5nginx\7cluster\5LOCAL\0"s, "\xC0\x0C"s},
      {"\7cluster\5local\0"s, "\xC0\x18"s},
      {"\2ns\3dns\7cluster\5local\0"s, "\2ns\3dns\xC0\x18"s},
      {"\5web-1\5nginx\7cluster\5local\0"s, "\5web-1\xC0\x12"s},
      {"\7example\3com\0"s, "\7example\3com\0"s},
      {"\6luster\5local\0"s, "\6luster\xC0\x20"s},
      {"\0"s, "\0"s},
  };
  for (const Case& c : kCases) {
    const size_t start = writer_.position();
    writer_.PutName(NamePieces(c.name));
    EXPECT_EQ(Since(start), c.written) << NameToText(c.name);
  }
}

TEST_F(WireWriterTest, ANameInPiecesIsOneName) {
  PutQuestion("\5web-0\5nginx\7cluster\5local\0"sv);
  size_t start = writer_.position();
  writer_.PutName(NamePieces("\5web-1", "\5nginx", "\7cluster\5local\0"sv));
  EXPECT_EQ(Since(start), "\5web-1\xC0\x12"sv);
  start = writer_.position();
  writer_.PutName(NamePieces("", "\5nginx", "\7cluster\5local\0"sv));
  EXPECT_EQ(Since(start), "\xC0\x12"sv);
}

TEST_F(WireWriterTest, LaterNamesPointToTargets) {
  PutQuestion("\1q\0"sv);
  const size_t target = writer_.PutTarget(NamePieces("\5web-0\5nginx\0"sv));
  EXPECT_EQ(target, 15u);
  size_t start = writer_.position();
  EXPECT_EQ(writer_.PutTarget(NamePieces("\5WEB-0\5nginx\0"sv)), target);
  EXPECT_EQ(Since(start), "\xC0\x0F"sv);
  start = writer_.position();
  EXPECT_EQ(writer_.PutTarget(NamePieces("\5web-1\5nginx\0"sv)), start);
  EXPECT_EQ(Since(start), "\5web-1\xC0\x15"sv);
  start = writer_.position();
  writer_.PutName(NamePieces("\5web-1\5nginx\0"sv));
  EXPECT_EQ(Since(start), "\xC0\x1E"sv);
}

TEST_F(WireWriterTest, TargetsInFullArePointedToButPointNowhere) {
  PutQuestion("\5_http\5nginx\0"sv);
  for (std::string_view target : {"\5web-0\5nginx\0"sv, "\5web-0\5nginx\0"sv}) {
    const size_t start = writer_.position();
    writer_.PutTargetInFull(NamePieces(target));
    EXPECT_EQ(Since(start), target);
  }
  const size_t start = writer_.position();
  writer_.PutName(NamePieces("\5web-0\5nginx\0"sv));
  EXPECT_EQ(Since(start), "\xC0\x19"sv);
}

TEST_F(WireWriterTest, PlainNamesAreNotRemembered) {
  for (int i = 0; i < 2; ++i) {
    const size_t start = writer_.position();
    writer_.PutName(NamePieces("\4mail\0"sv));
    EXPECT_EQ(Since(start), "\4mail\0"sv);
  }
}

TEST_F(WireWriterTest, NoPointerLeadsBeyondItsReach) {
  writer_.PutOctets(std::string(kMaxPointerTarget - 2 - kHeaderLength, '\0'));
  // "far" stands one octet before the last place in reach, "away" behind it.
  writer_.PutTarget(NamePieces("\1x\3far\4away\0"sv));
  size_t start = writer_.position();
  writer_.PutName(NamePieces("\3far\4away\0"sv));
  EXPECT_EQ(Since(start), "\xFF\xFF"sv);
  start = writer_.position();
  writer_.PutName(NamePieces("\4away\0"sv));
  EXPECT_EQ(Since(start), "\4away\0"sv);
}

TEST_F(WireWriterTest, TheQuestionsOwnOctetsArePointedTo) {
  PutQuestion("\5web-0\5nginx\3svc\5local\0"sv);
  size_t start = writer_.position();
  writer_.PutName(NamePieces(question_.original()));
  writer_.PutName(NamePieces(question_.from_label(2)));
  EXPECT_EQ(Since(start), "\xC0\x0C\xC0\x18"sv);
  start = writer_.position();
  writer_.PutName(NamePieces("\5web-1", "\5nginx", question_.from_label(2)));
  writer_.PutName(NamePieces("\1a", question_.from_label(4)));
  EXPECT_EQ(Since(start), "\5web-1\xC0\x12\1a\0"sv);
  start = writer_.position();
  writer_.PutTargetInFull(NamePieces("\5nginx", question_.from_label(2)));
  EXPECT_EQ(Since(start), "\5nginx\3svc\5local\0"sv);
}

TEST_F(WireWriterTest, TargetsThatShareASuffixPointToIt) {
  PutQuestion("\1q\5local\0"sv);
  writer_.PutTarget(NamePieces("\1b\5local\0"sv));
  const size_t second = writer_.PutTarget(NamePieces("\1a\1b\5local\0"sv));
  const size_t start = writer_.position();
  EXPECT_EQ(writer_.PutName(NamePieces("\1a\1b\5local\0"sv)), second);
  EXPECT_EQ(writer_.position(), start + 2);
}

TEST_F(WireWriterTest, RollBackForgetsTargetsButNotTheQuestion) {
  PutQuestion("\1q\0"sv);
  const size_t mark = writer_.position();
  writer_.PutTarget(NamePieces("\5web-0\0"sv));
  writer_.RollBack(mark);
  writer_.PutU32(0);
  size_t start = writer_.position();
  writer_.PutName(NamePieces("\5web-0\0"sv));
  EXPECT_EQ(Since(start), "\5web-0\0"sv);
  start = writer_.position();
  writer_.PutName(NamePieces("\1q\0"sv));
  EXPECT_EQ(Since(start), "\xC0\x0C"sv);
}

TEST_F(WireWriterTest, WhatDoesNotFitIsNotWritten) {
  writer_.set_limit(writer_.position() + 5);
  const size_t mark = writer_.position();
  writer_.PutU32(1);
  writer_.PutU16(2);
  EXPECT_TRUE(writer_.overflowed());
  writer_.PutU8(3);  // would fit, but stands behind what did not
  EXPECT_EQ(writer_.position(), mark + 4);
  writer_.RollBack(mark);
  EXPECT_FALSE(writer_.overflowed());
  writer_.PutOctets("12345"sv);
  EXPECT_FALSE(writer_.overflowed());
  writer_.PutOctets(""sv);
  EXPECT_FALSE(writer_.overflowed());
}

// Names of a few labels, so that they share suffixes often, now and then with other letters.
std::string RandomName(std::mt19937& random) {
  constexpr std::string_view kLabels[] = {"\1a", "\1A", "\1b", "\3svc", "\3SVC", "\7cluster", "\2\1a", "\3b\1a"};
  std::string wire;
  for (size_t labels = random() % 6; labels > 0; --labels) wire += kLabels[random() % std::size(kLabels)];
  return wire + '\0';
}

TEST_F(WireWriterTest, PiecesThatAreTogetherLongerThanANameDoNotFit) {
  const std::string label = "\77" + std::string(63, 'x');
  const std::string longest = label + label + label + "\75" + std::string(61, 'x') + '\0';
  EXPECT_EQ(longest.size(), kMaxNameLength);
  writer_.PutTarget(NamePieces(longest));
  EXPECT_FALSE(writer_.overflowed());
  const size_t mark = writer_.position();
  for (const std::string_view first : {"\1a"sv, std::string_view(label)}) {
    writer_.PutTargetInFull(NamePieces(first, longest));
    EXPECT_TRUE(writer_.overflowed());
    EXPECT_EQ(writer_.position(), mark);
    writer_.RollBack(mark);
  }
}

TEST_F(WireWriterTest, WhateverIsWrittenReadsBackAsTheSameName) {
  std::mt19937 random(20240521);
  for (int round = 0; round < 300; ++round) {
    writer_.RollBack(kHeaderLength);
    PutQuestion(RandomName(random));
    for (int i = 0; i < 100; ++i) {
      // Now and then with the question's own octets at its end.
      const std::string_view rest = question_.from_label(random() % (question_.label_count() + 1));
      const bool ends_in_question = random() % 4 == 0;
      std::string first = RandomName(random);
      first.pop_back();
      const std::string name = ends_in_question ? first + std::string(rest) : first + '\0';
      const size_t start = writer_.position();
      const NamePieces pieces = ends_in_question ? NamePieces(first, rest) : NamePieces(name);
      const auto kind = random() % 3;
      const size_t place = kind == 0   ? writer_.PutName(pieces)
                           : kind == 1 ? writer_.PutTarget(pieces)
                                       : writer_.PutTargetInFull(pieces);
      if (kind == 2) {
        EXPECT_EQ(Since(start), name);
      }
      ASSERT_EQ(ReadAt(start).Folded(), Name::FromWire(name).Folded()) << "round " << round << " name " << i;
      ASSERT_EQ(ReadAt(place).Folded(), Name::FromWire(name).Folded()) << "round " << round << " name " << i;
      writer_.PutOctets(std::string(random() % 40, static_cast<char>(random())));
    }
  }
}

}  // namespace
}  // namespace podnamed::dns
