// Whatever the packet: parsing stays inside it, and the reply reads back, echoes what belongs to the query and keeps to
// its limit.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "server/dns/query.h"
#include "server/dns/response.h"
#include "server/testing/dns_message.h"

namespace podnamed::dns {
namespace {

using std::literals::operator""sv;

void Require(bool holds) {
  if (!holds) std::abort();
}

Rcode RcodeOf(ParseOutcome outcome) {
  switch (outcome) {
    case ParseOutcome::kFormErr:
      return Rcode::kFormErr;
    case ParseOutcome::kNotImp:
      return Rcode::kNotImp;
    case ParseOutcome::kBadVers:
      return Rcode::kBadVers;
    case ParseOutcome::kQuery:
    case ParseOutcome::kDrop:
      break;
  }
  return Rcode::kNoError;
}

testing::Message EncodeAndRead(const Query& query, const Response& response, size_t limit) {
  std::vector<uint8_t> buffer(limit);  // exactly, so that the sanitizer watches its end
  ResponseEncoder encoder;
  const size_t size = encoder.Encode(query, response, limit, absl::MakeSpan(buffer));
  Require(size <= limit);
  const auto reply = testing::ParseMessage({buffer.data(), size});
  Require(reply.ok());
  return *reply;
}

// A reason displaces nothing, and is whole or cut between two characters.
void CheckReason(const Query& query, Response response, const testing::Message& without, size_t limit) {
  constexpr std::string_view kText = "\u00e9\u20ac\u00e9\u20ac\u00e9\u20ac\u00e9\u20ac";  // of two and three octets
  response.extended_error = ExtendedError{ExtendedError::kOther, kText};
  const testing::Message reply = EncodeAndRead(query, response, limit);
  Require(reply.truncated == without.truncated && reply.answer == without.answer);
  Require(reply.authority == without.authority && reply.additional == without.additional);
  Require(reply.edns_options.size() <= (query.edns.has_value() ? 1 : 0));
  for (const std::string& option : reply.edns_options) {
    const std::string_view text = std::string_view(option).substr(std::string_view("EDE 0 \"").size());
    const size_t length = text.size() - 1;
    Require(kText.starts_with(text.substr(0, length)) && (length % 5 == 0 || length % 5 == 2));
  }
}

void CheckReply(const Query& query, const Response& response, size_t limit) {
  const testing::Message reply = EncodeAndRead(query, response, limit);
  Require(reply.response && reply.id == query.id && reply.opcode == query.opcode);
  Require(reply.rcode == response.rcode);
  Require(reply.questions.size() == (query.has_question ? 1 : 0));
  Require(reply.edns.has_value() == query.edns.has_value());
  Require(limit < kMaxMessageLength || !reply.truncated);
  CheckReason(query, response, reply, limit);
}

// An answer that uses the question's name and its tail in every way there is to write a name.
void CheckAnswers(const Query& query) {
  const std::string_view question = query.name.original();
  const size_t tail_start = query.name.label_start(query.name.label_count() / 2);
  const NamePieces tail(query.name.folded().substr(tail_start));
  const bool has_room = tail.size() + 8 <= kMaxNameLength;
  const NamePieces below = has_room ? NamePieces("\3web\3pod", tail.pieces()[0]) : tail;

  const std::vector<base::Ipv4Address> addresses(40, base::Ipv4Address{10, 0, 0, 1});
  const SrvData srv[] = {{0, 1, 80, below}, {0, 1, 80, tail}, {0, 1, 80, NamePieces("\7example\3com\0"sv)}};
  const NamePieces targets[] = {below, NamePieces("\3www\7example\3com\0"sv)};
  const RecordSet answer[] = {{NamePieces(question), RecordType::kSrv, 5, srv},
                              {tail, RecordType::kNs, 5, targets},
                              {NamePieces(question), RecordType::kA, 5, addresses}};
  const RecordSet authority[] = {{tail, RecordType::kSoa, 5, SoaData{below, tail, 1, 2, 3, 4, 5}}};
  const RecordSet additional[] = {{below, RecordType::kA, 5, addresses},
                                  {NamePieces("\3www\7example\3com\0"sv), RecordType::kTxt, 5, TxtData{"text"}}};
  const Response response{.authoritative = true, .answer = answer, .authority = authority, .additional = additional};
  CheckReply(query, response, UdpReplyLimit(query));
  CheckReply(query, response, kMaxMessageLength);
}

}  // namespace
}  // namespace podnamed::dns

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace podnamed::dns;
  Query query;
  const ParseOutcome outcome = ParseQuery({data, size}, query);
  if (outcome == ParseOutcome::kDrop) return 0;
  if (outcome == ParseOutcome::kQuery) {
    CheckAnswers(query);
  } else {
    CheckReply(query, {.rcode = RcodeOf(outcome)}, kMinUdpLimit);
  }
  return 0;
}
