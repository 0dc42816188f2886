#include "server/admin/dns_message.h"

#include <gtest/gtest.h>

#include <string>

#include "server/dns/query.h"
#include "server/dns/response.h"

namespace podnamed::admin {
namespace {

using inspect::v1::LookupResponse;

// The reply that the server's own encoder writes to our query.
LookupResponse ReplyWith(const dns::Response& response) {
  const std::vector<uint8_t> octets =
      MakeQuery(dns::Name::FromText("web-0.cluster.local").value(), dns::RecordType::kA);
  dns::Query query;
  EXPECT_EQ(dns::ParseQuery(octets, query), dns::ParseOutcome::kQuery);
  EXPECT_TRUE(query.edns.has_value());
  std::vector<uint8_t> reply(dns::kMaxMessageLength);
  dns::ResponseEncoder encoder;
  reply.resize(encoder.Encode(query, response, reply.size(), absl::MakeSpan(reply)));
  LookupResponse read;
  EXPECT_TRUE(ReadReply(reply, read));
  return read;
}

std::string TextOf(std::string_view text) {
  const LookupResponse read =
      ReplyWith({.rcode = dns::Rcode::kNxDomain, .extended_error = dns::ExtendedError{14, text}});
  EXPECT_EQ(read.extended_errors_size(), 1);
  EXPECT_EQ(read.extended_errors(0).code(), 14);
  EXPECT_EQ(read.extended_errors(0).meaning(), "Not Ready");
  EXPECT_TRUE(LookupResponse().ParseFromString(read.SerializeAsString())) << "protobuf takes it for text";
  return read.extended_errors(0).text();
}

TEST(DnsMessage, ReadsTheReason) {
  EXPECT_EQ(TextOf("web-0 exists → not ready"), "web-0 exists → not ready");
  EXPECT_EQ(TextOf(""), "");
  EXPECT_EQ(TextOf("a\x1b[2Jb\x7f"), "a?[2Jb?") << "a terminal is not to obey it";
}

TEST(DnsMessage, ReadsTheUpperBitsOfTheRcode) {
  EXPECT_EQ(ReplyWith({.rcode = dns::Rcode::kBadVers}).rcode(), dns::NameOf(dns::Rcode::kBadVers));
}

TEST(DnsMessage, WhatIsCutOffIsNoReply) {
  const std::vector<uint8_t> query = MakeQuery(dns::Name::FromText("a.b").value(), dns::RecordType::kA);
  LookupResponse read;
  EXPECT_FALSE(ReadReply(query, read)) << "a query is none";
  for (size_t size = 0; size < query.size(); ++size) {
    EXPECT_FALSE(ReadReply(absl::MakeSpan(query.data(), size), read));
  }
}

}  // namespace
}  // namespace podnamed::admin
