#include "bench/load/queries.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace podnamed::bench {
namespace {

using ::testing::HasSubstr;

QueryList Read(const std::string& text, const QueryOptions& options = {}) {
  std::istringstream file(text);
  return QueryList::Read(file, "q1.queries", options).value();
}

std::string ReadError(const std::string& text) {
  std::istringstream file(text);
  return std::string(QueryList::Read(file, "q1.queries", {}).status().message());
}

// A reply's header: all that is judged.
std::vector<uint8_t> Reply(uint8_t rcode, uint8_t answers, bool truncated = false) {
  return {0, 0, static_cast<uint8_t>(truncated ? 0x82 : 0x80), rcode, 0, 1, 0, answers, 0, 0, 0, 0};
}

TEST(QueryList, EncodesTheQuestion) {
  const QueryList queries = Read("a.bc. SRV NOERROR 1 60\n");
  ASSERT_EQ(queries.size(), 1u);
  EXPECT_THAT(queries.Packet(0), testing::ElementsAre(0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0,  //
                                                      1, 'a', 2, 'b', 'c', 0, 0, 33, 0, 1));
}

TEST(QueryList, AddsAnOptRecordForEdns) {
  const QueryList queries = Read("a. A NOERROR 1 60\n", {.edns = true});
  EXPECT_EQ(queries.Packet(0)[11], 1);  // ARCOUNT
  EXPECT_THAT(queries.Packet(0).subspan(19), testing::ElementsAre(0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0));
}

TEST(QueryList, JudgesByRcodeAndCount) {
  const QueryList queries = Read("a. A NOERROR 3 100\nb. A NXDOMAIN 0 30\n");
  EXPECT_EQ(queries.Judge(0, Reply(0, 3)), Judgement::kRight);
  EXPECT_EQ(queries.Judge(0, Reply(0, 2)), Judgement::kWrong);
  EXPECT_EQ(queries.Judge(0, Reply(3, 3)), Judgement::kWrong);
  EXPECT_EQ(queries.Judge(0, Reply(0, 3, /*truncated=*/true)), Judgement::kWrong);
  EXPECT_EQ(queries.Judge(1, Reply(3, 0)), Judgement::kRight);
  EXPECT_EQ(queries.Judge(1, {}), Judgement::kWrong);
}

TEST(QueryList, WantsTruncationExactlyWhereTheAnswerDoesNotFit) {
  const std::string line = "a. A NOERROR 60 1000\n";
  const QueryList plain = Read(line);
  EXPECT_EQ(plain.Judge(0, Reply(0, 0, /*truncated=*/true)), Judgement::kRightTruncated);
  EXPECT_EQ(plain.Judge(0, Reply(0, 60)), Judgement::kWrong);
  EXPECT_EQ(Read(line, {.edns = true}).Judge(0, Reply(0, 60)), Judgement::kRight);
  EXPECT_EQ(Read("a. A NOERROR 75 1222\n", {.edns = true}).Judge(0, Reply(0, 75)), Judgement::kWrong);
  EXPECT_EQ(Read("a. A NOERROR 75 9000\n", {.tcp = true}).Judge(0, Reply(0, 75)), Judgement::kRight);
}

TEST(QueryList, ExplainsAWrongReply) {
  const QueryList queries = Read("web-0.web.x. A NOERROR 1 60\n");
  EXPECT_EQ(queries.Explain(0, Reply(3, 0)),
            "web-0.web.x. type 1: expected rcode 0 with 1 answers; found rcode 3 with 0 answers");
}

TEST(QueryList, NamesTheLineThatItCannotRead) {
  EXPECT_THAT(ReadError("a. A NOERROR 1 60\nb. A NOERROR\n"), HasSubstr("q1.queries:2: not five words"));
  EXPECT_THAT(ReadError("a. MX NOERROR 1 60\n"), HasSubstr(":1: a type"));
  EXPECT_THAT(ReadError("a. A REFUSED 1 60\n"), HasSubstr(":1: an rcode"));
  EXPECT_THAT(ReadError("a. A NOERROR one 60\n"), HasSubstr(":1: not a number"));
  EXPECT_THAT(ReadError("a A NOERROR 1 60\n"), HasSubstr(":1: not a name"));
  EXPECT_THAT(ReadError("a..b. A NOERROR 1 60\n"), HasSubstr(":1: not a name"));
  EXPECT_THAT(ReadError(""), HasSubstr("holds no query"));
}

}  // namespace
}  // namespace podnamed::bench
