// What a server owes to packets that no good client sends, or that only some do: one line a packet. Where RFC and
// CoreDNS differ, the line or the comment over it says whom we follow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/plugins/kubernetes.h"
#include "server/service/query_service.h"
#include "server/state/snapshot_builder.h"
#include "server/testing/dns_message.h"
#include "server/testing/entities.h"

namespace podnamed::service {
namespace {

using net::Transport;
using std::literals::operator""s;

dns::Name Zone(std::string_view text) { return dns::Name::FromText(text).value().Folded(); }

std::string U16(size_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }

// ---- packets, put together from their parts

struct Header {
  uint16_t flags = dns::kRecursionDesiredFlag;
  uint16_t questions = 1;
  uint16_t answers = 0;
  uint16_t authorities = 0;
  uint16_t additionals = 0;
};

std::string Packet(const Header& header, const std::string& rest) {
  return "\x77\x88" + U16(header.flags) + U16(header.questions) + U16(header.answers) + U16(header.authorities) +
         U16(header.additionals) + rest;
}

constexpr uint16_t OpcodeFlags(uint16_t opcode) { return static_cast<uint16_t>(opcode << dns::kOpcodeShift); }

constexpr size_t kA = 1;
constexpr size_t kIn = 1;
constexpr size_t kCh = 3;

std::string Question(std::string_view name, size_t type = kA, size_t record_class = kIn) {
  return std::string(Zone(name).wire()) + U16(type) + U16(record_class);
}

const std::string kPod = Question("web-0.nginx.default.svc.cluster.local.");

std::string Opt(size_t size = 1232, const std::string& options = "", char version = 0,
                const std::string& flags = "\0\0"s) {
  return "\0\0\x29"s + U16(size) + '\0' + version + flags + U16(options.size()) + options;
}

std::string Option(size_t code, const std::string& octets) { return U16(code) + U16(octets.size()) + octets; }

std::string Ask(const std::string& question) { return Packet({}, question); }

std::string AskWith(const std::string& opt, const std::string& question = kPod) {
  return Packet({.additionals = 1}, question + opt);
}

const std::string kRecord = "\xC0\x0C\0\1\0\1\0\0\0\5\0\4\x0A\0\0\1"s;
const std::string kSoa = "\xC0\x0C\0\6\0\1\0\0\0\5\0\x16\0\0"s + std::string(20, '\1');
const std::string kTsig = "\3key\0\0\xFA\0\xFF\0\0\0\0\0\x1D\x0Bhmac-sha256\0\0\0\0\0\0\0\1\x2C\0\0\x77\x88\0\0\0\0"s;

// A question's name of this many octets.
std::string LongName(size_t octets) {
  std::string name;
  while (name.size() + 65 <= octets) name += "\77" + std::string(63, 'n');
  const size_t last = octets - name.size() - 2;
  return name + static_cast<char>(last) + std::string(last, 'n') + '\0';
}

std::string LabelsOfOne(int count) {
  std::string name;
  for (int i = 0; i < count; ++i) name += "\1x";
  return name + '\0';
}

std::string ManyOptions() {
  std::string options;
  for (size_t i = 0; i < 100; ++i) options += Option(1000 + i, "x");
  return options;
}

// A small cluster, asked over either transport.
class HygieneTest : public ::testing::Test {
 protected:
  HygieneTest() {
    chain_.push_back(std::make_unique<plugins::Kubernetes>(resolver_, holder_));
    service_.emplace(std::vector<ServedZone>{{Zone("cluster.local"), &chain_}});
    state::SnapshotBuilder builder;
    std::vector<state::Op> ops = {state::Namespace{"default", 0}, testing::Headless("nginx")};
    for (int i = 0; i < 100; ++i) {
      ops.push_back(testing::Pod("nginx", absl::StrCat("web-", i), {absl::StrCat("10.0.0.", i)}));
    }
    builder.Add(std::move(ops));
    holder_.Publish(builder.Build({}, absl::UnixEpoch()));
  }

  net::Verdict Handle(std::string_view packet, Transport transport, uint16_t client_port = 1053) {
    return service_->Handle({.message = {reinterpret_cast<const uint8_t*>(packet.data()), packet.size()},
                             .client = {},
                             .client_port = client_port,
                             .transport = transport},
                            absl::MakeSpan(buffer_), size_);
  }

  testing::Message Reply() const {
    const auto reply = testing::ParseMessage(absl::MakeConstSpan(buffer_).first(size_));
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? *reply : testing::Message();
  }

  // "NXDOMAIN question authority OPT", "REFUSED question OPT EDE 21", "no reply".
  std::string Outcome(std::string_view packet, Transport transport) {
    if (Handle(packet, transport) == net::Verdict::kDrop) return "no reply";
    const testing::Message reply = Reply();
    EXPECT_EQ(reply.id, 0x7788);
    EXPECT_TRUE(reply.response);
    EXPECT_FALSE(reply.authentic_data);
    EXPECT_FALSE(reply.recursion_available);
    EXPECT_EQ(buffer_[3] & 0x40, 0) << "Z";
    EXPECT_EQ(reply.opcode, dns::Opcode{static_cast<uint8_t>(packet[2] >> 3 & 15)});
    std::string text(dns::NameOf(reply.rcode));
    if (reply.truncated) text += " TC";
    if (!reply.questions.empty()) text += " question";
    if (!reply.answer.empty()) text += " answer";
    if (!reply.authority.empty()) text += " authority";
    if (reply.edns.has_value()) text += " OPT";
    for (const std::string& option : reply.edns_options) text += " " + option.substr(0, option.find(" \""));
    return text;
  }

  state::SnapshotHolder holder_;
  resolve::Resolver resolver_{{.zones = {Zone("cluster.local")}, .server_ipv4 = {}, .server_ipv6 = {}}};
  plugins::PluginChain chain_;
  std::optional<QueryService> service_;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(dns::kMaxMessageLength);
  size_t size_ = 0;
};

struct Case {
  std::string_view what;
  std::string packet;
  std::string_view outcome;
};

TEST_F(HygieneTest, EveryPacketHasItsOutcome) {
  const Case kCases[] = {
      {"an ordinary query", Ask(kPod), "NOERROR question answer"},

      // Header. RFC 1035 section 4.1.1. To answer a response could loop; of less than a header nothing can be echoed.
      {"nothing", "", "no reply"},
      {"eleven octets", std::string(11, '\0'), "no reply"},
      {"a response", Packet({.flags = dns::kResponseFlag}, kPod), "no reply"},
      {"a response of another opcode", Packet({.flags = 0xA800}, kPod), "no reply"},
      {"AA, TC, RA, Z, AD and an rcode, which mean nothing in a query", Packet({.flags = 0x06EF}, kPod),
       "NOERROR question answer"},
      {"AD: would like to know (RFC 6840 section 5.7); there is nothing to know", Packet({.flags = 0x0120}, kPod),
       "NOERROR question answer"},

      // Opcodes. CoreDNS lets NOTIFY through to its plugins; we are nobody's secondary (RFC 1996 section 3.11 lets any
      // error stop the retries). RFC 8490 section 5.1 takes NOTIMP for "no DSO here". A header alone: the sections of
      // another opcode may mean other things.
      {"IQUERY (obsoleted by RFC 3425)", Packet({.flags = OpcodeFlags(1)}, kPod), "NOTIMP"},
      {"STATUS", Packet({.flags = OpcodeFlags(2)}, ""), "NOTIMP"},
      {"3, which nobody has", Packet({.flags = OpcodeFlags(3)}, kPod), "NOTIMP"},
      {"NOTIFY", Packet({.flags = OpcodeFlags(4)}, Question("cluster.local", 6)), "NOTIMP"},
      {"UPDATE", Packet({.flags = OpcodeFlags(5), .authorities = 1}, Question("cluster.local", 6) + kRecord), "NOTIMP"},
      {"DSO", Packet({.flags = OpcodeFlags(6), .questions = 0}, "\0\1\0\x08\0\0\0\0\0\0\0\0"s), "NOTIMP"},
      {"15, which nobody has", Packet({.flags = OpcodeFlags(15), .questions = 9}, "?"), "NOTIMP"},

      // Counts. RFC 9619: more than one question is FORMERR. None with a COOKIE is how a client would ask for a cookie,
      // which RFC 7873 section 5.4 leaves to servers that have some.
      {"no question", Packet({.questions = 0}, ""), "FORMERR"},
      {"no question but a cookie", Packet({.questions = 0, .additionals = 1}, Opt(1232, Option(10, "12345678"))),
       "FORMERR"},
      {"two questions", Packet({.questions = 2}, kPod + kPod), "FORMERR"},
      {"65,535 questions", Packet({.questions = 65535}, kPod), "FORMERR"},
      {"one record in answer and authority: CoreDNS passes over them, and so do we",
       Packet({.answers = 1, .authorities = 1}, kPod + kRecord + kRecord), "NOERROR question answer"},
      {"two answers", Packet({.answers = 2}, kPod + kRecord + kRecord), "FORMERR"},
      {"two authorities", Packet({.authorities = 2}, kPod + kRecord + kRecord), "FORMERR"},
      {"three additionals", Packet({.additionals = 3}, kPod + kRecord + kRecord + Opt()), "FORMERR"},
      {"an answer is announced and missing", Packet({.answers = 1}, kPod), "FORMERR question"},

      // Names. RFC 1035 sections 3.1 and 4.1.4. A compressed question has nothing to point to but itself or the header.
      {"a header that promises a question; CoreDNS says SERVFAIL, as if it were its own fault", Packet({}, ""),
       "FORMERR"},
      {"a name cut in a label", Packet({}, "\5web"), "FORMERR"},
      {"a name without an end", Packet({}, "\3web"), "FORMERR"},
      {"a type cut in two", Packet({}, "\1a\0\0"s), "FORMERR"},
      {"no class", Packet({}, "\1a\0\0\1"s), "FORMERR"},
      {"a pointer to itself", Packet({}, "\xC0\x0C\0\1\0\1"s), "FORMERR"},
      {"a pointer back to its own label", Packet({}, "\1a\xC0\x0C\0\1\0\1"s), "FORMERR"},
      {"a pointer into the header", Packet({}, "\xC0\0\0\1\0\1"s), "FORMERR"},
      {"a pointer forward", Packet({}, "\xC0\x12\0\1\0\1\1a\0"s), "FORMERR"},
      {"an extended label (RFC 6891 section 5 did away with them)",
       Packet({},
              "\x41"
              "a\0\0\1\0\1"s),
       "FORMERR"},
      {"a label of the reserved kind 0x80",
       Packet({},
              "\x81"
              "a\0\0\1\0\1"s),
       "FORMERR"},
      {"a name of 255 octets", Packet({}, LongName(255) + "\0\1\0\1"s), "REFUSED question"},
      {"a name of 256 octets", Packet({}, LongName(256) + "\0\1\0\1"s), "FORMERR"},
      {"127 labels", Packet({}, LabelsOfOne(127) + "\0\1\0\1"s), "REFUSED question"},
      {"128 labels", Packet({}, LabelsOfOne(128) + "\0\1\0\1"s), "FORMERR"},
      {"octets that are no letters", Packet({}, "\3\0.\xFF\7cluster\5local\0\0\1\0\1"s), "NXDOMAIN question authority"},
      {"octets behind the end", Ask(kPod + "GET / HTTP/1.1\r\n"), "NOERROR question answer"},

      // EDNS. RFC 6891 section 6.1.1: the OPT record is one, of the root; 6.1.2: unknown options are ignored; 6.1.3:
      // BADVERS. CoreDNS sends back NSID, COOKIE, EXPIRE, KEEPALIVE and PADDING as they came, which claims to know
      // them.
      {"EDNS", AskWith(Opt()), "NOERROR question answer OPT"},
      {"DO", AskWith(Opt(1232, "", 0, "\x80\0"s)), "NOERROR question answer OPT"},
      {"every other flag of EDNS", AskWith(Opt(1232, "", 0, "\x7F\xFF"s)), "NOERROR question answer OPT"},
      {"a size of zero", AskWith(Opt(0)), "NOERROR question answer OPT"},
      {"a size of 65,535", AskWith(Opt(65535)), "NOERROR question answer OPT"},
      {"an unknown option", AskWith(Opt(1232, Option(65001, "whatever"))), "NOERROR question answer OPT"},
      {"NSID", AskWith(Opt(1232, Option(3, ""))), "NOERROR question answer OPT"},
      {"a client's subnet", AskWith(Opt(1232, Option(8, "\0\1\x18\0\x0A\0\0"s))), "NOERROR question answer OPT"},
      {"a cookie", AskWith(Opt(1232, Option(10, "12345678"))), "NOERROR question answer OPT"},
      {"keepalive", AskWith(Opt(1232, Option(11, ""))), "NOERROR question answer OPT"},
      // RFC 7830 wants a padded answer to a padded query; in the clear it hides nothing and feeds who reflects.
      {"padding", AskWith(Opt(1232, Option(12, std::string(300, '\0')))), "NOERROR question answer OPT"},
      {"an extended error in a query", AskWith(Opt(1232, Option(15, "\0\0"s))), "NOERROR question answer OPT"},
      {"a hundred options", AskWith(Opt(1232, ManyOptions())), "NOERROR question answer OPT"},
      {"half an option", AskWith(Opt(1232, "\0\x0A\0"s)), "FORMERR question OPT"},
      {"an option longer than its record", AskWith(Opt(1232, "\0\x0A\0\x08x"s)), "FORMERR question OPT"},
      {"a record longer than the packet", AskWith("\0\0\x29\x04\xD0\0\0\0\0\0\x10"s), "FORMERR question OPT"},
      {"version 1", AskWith(Opt(1232, "", 1)), "BADVERS question OPT"},
      {"version 255 with options that only it knows", AskWith(Opt(1232, "\xFF", '\xFF')), "BADVERS question OPT"},
      {"two OPT", Packet({.additionals = 2}, kPod + Opt() + Opt()), "FORMERR question OPT"},
      {"an OPT that is not of the root", AskWith("\1x" + Opt()), "FORMERR question OPT"},
      {"an OPT in the answer section, where it means nothing", Packet({.answers = 1}, kPod + Opt()),
       "NOERROR question answer"},

      // Signatures. Who signs wants a signed answer and throws ours away; to refuse would help it as little, and would
      // turn away those who pass on what they were given. CoreDNS without its tsig plugin answers, too.
      {"TSIG", Packet({.additionals = 1}, kPod + kTsig), "NOERROR question answer"},
      {"EDNS, then TSIG", Packet({.additionals = 2}, kPod + Opt() + kTsig), "NOERROR question answer OPT"},
      {"TSIG, then EDNS", Packet({.additionals = 2}, kPod + kTsig + Opt()), "NOERROR question answer OPT"},

      // Classes.
      {"version.bind in CHAOS, which is for plugin chaos", Ask(Question("version.bind", 16, kCh)), "REFUSED question"},
      {"version.server", Ask(Question("version.server", 16, kCh)), "REFUSED question"},
      {"hostname.bind", Ask(Question("hostname.bind", 16, kCh)), "REFUSED question"},
      {"id.server, with EDNS", AskWith(Opt(), Question("id.server", 16, kCh)), "REFUSED question OPT EDE 21"},
      {"class HESIOD", Ask(Question("cluster.local", kA, 4)), "REFUSED question"},
      {"class NONE", Ask(Question("cluster.local", kA, 254)), "REFUSED question"},
      {"class ANY", Ask(Question("cluster.local", kA, 255)), "REFUSED question"},
      {"class 0", Ask(Question("cluster.local", kA, 0)), "REFUSED question"},
      {"a name that no block serves, with EDNS", AskWith(Opt(), Question("example.com")),
       "REFUSED question OPT EDE 20"},

      // Types.
      {"type 0", Ask(Question("web-0.nginx.default.svc.cluster.local", 0)), "NOERROR question authority"},
      {"HINFO", Ask(Question("web-0.nginx.default.svc.cluster.local", 13)), "NOERROR question authority"},
      {"HTTPS", Ask(Question("web-0.nginx.default.svc.cluster.local", 65)), "NOERROR question authority"},
      {"DS", Ask(Question("web-0.nginx.default.svc.cluster.local", 43)), "NOERROR question authority"},
      {"OPT as a type", Ask(Question("web-0.nginx.default.svc.cluster.local", 41)), "NOERROR question authority"},
      {"TSIG as a type", Ask(Question("web-0.nginx.default.svc.cluster.local", 250)), "NOERROR question authority"},
      {"a type that nobody has", Ask(Question("web-0.nginx.default.svc.cluster.local", 65280)),
       "NOERROR question authority"},
      {"the same of a name that does not exist", Ask(Question("no.nginx.default.svc.cluster.local", 65280)),
       "NXDOMAIN question authority"},
      // RFC 8482 section 4 would have one of the sets or an invented HINFO; CoreDNS and we say NODATA, which is cached
      // for ANY alone (RFC 2308 section 5) and leaves nothing to amplify.
      {"ANY", Ask(Question("web-0.nginx.default.svc.cluster.local", 255)), "NOERROR question authority"},
      {"ANY of a name that does not exist", Ask(Question("no.nginx.default.svc.cluster.local", 255)),
       "NXDOMAIN question authority"},
      // Zone transfers: there is nobody to transfer to. RFC 5936 section 4.2 leaves AXFR over UDP undefined.
      {"AXFR", Ask(Question("cluster.local", 252)), "REFUSED question"},
      {"AXFR of another zone", Ask(Question("example.com", 252)), "REFUSED question"},
      {"IXFR with its SOA", Packet({.authorities = 1}, Question("cluster.local", 251) + kSoa), "REFUSED question"},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(Outcome(c.packet, Transport::kUdp), c.outcome) << c.what;
    EXPECT_EQ(Outcome(c.packet, Transport::kTcp), c.outcome) << c.what << " by TCP";
    // Who asks in another's name gets no lever from what we refuse: at most an OPT record with a code more than asked.
    if (!c.outcome.starts_with("NO") && !c.outcome.starts_with("NX") && c.outcome != "no reply") {
      EXPECT_LE(size_, c.packet.size() + 17) << c.what;
    }
  }
}

TEST_F(HygieneTest, OptComesOnceAndLast) {
  Handle(AskWith(Opt(1232, Option(12, std::string(100, '\0')))), Transport::kUdp);
  const std::string tail(buffer_.begin() + static_cast<ptrdiff_t>(size_ - dns::kOptLength),
                         buffer_.begin() + static_cast<ptrdiff_t>(size_));
  EXPECT_EQ(tail, "\0\0\x29\x04\xD0\0\0\0\0\0\0"s) << "our size, no flag, no option";
  EXPECT_EQ(buffer_[11], 1) << "additional records";
  Handle(AskWith(Opt(1232, "", 0, "\xFF\xFF"s)), Transport::kUdp);
  EXPECT_EQ(buffer_[size_ - 4], 0x80) << "DO alone comes back (RFC 3225 section 3)";
  EXPECT_EQ(buffer_[size_ - 3], 0);
}

TEST_F(HygieneTest, ASizeBelow512Means512AndOneAboveOursMeansOurs) {
  struct SizeCase {
    std::string opt;
    size_t least;
    size_t most;
  };
  const std::string question = Question("nginx.default.svc.cluster.local");
  const SizeCase kCases[] = {
      {"", 497, 512},         {Opt(0), 497, 512},      {Opt(100), 497, 512},    {Opt(512), 497, 512},
      {Opt(1000), 985, 1000}, {Opt(1232), 1217, 1232}, {Opt(4096), 1217, 1232}, {Opt(65535), 1217, 1232},
  };
  for (const SizeCase& c : kCases) {
    const uint16_t additionals = c.opt.empty() ? 0 : 1;
    Handle(Packet({.additionals = additionals}, question + c.opt), Transport::kUdp);
    EXPECT_TRUE(Reply().truncated);
    EXPECT_LE(size_, c.most);
    EXPECT_GE(size_, c.least);
  }
}

TEST_F(HygieneTest, CaseAndFlagsComeBackAsTheyWere) {
  Handle(Packet({.flags = 0x0110}, "\5WEB-0\5nGiNx\7DEFAULT\3svc\7Cluster\5LOCAL\0\0\1\0\1"s), Transport::kUdp);
  const testing::Message reply = Reply();
  EXPECT_EQ(reply.questions.at(0), "WEB-0.nGiNx.DEFAULT.svc.Cluster.LOCAL. IN A");
  EXPECT_EQ(reply.answer.at(0), "WEB-0.nGiNx.DEFAULT.svc.Cluster.LOCAL. 5 IN A 10.0.0.0");
  EXPECT_TRUE(reply.recursion_desired);
  EXPECT_TRUE(reply.checking_disabled);
}

TEST_F(HygieneTest, NothingIsSentToPortsThatAnswerAnything) {
  for (const uint16_t port : std::initializer_list<uint16_t>{7, 13, 17, 19, 37}) {
    EXPECT_EQ(Handle(Ask(kPod), Transport::kUdp, port), net::Verdict::kDrop) << port;
    EXPECT_EQ(Handle(Ask(kPod), Transport::kTcp, port), net::Verdict::kReply) << "who connects is there";
  }
  for (const uint16_t port : std::initializer_list<uint16_t>{53, 123, 1023, 5353, 65535}) {
    EXPECT_EQ(Handle(Ask(kPod), Transport::kUdp, port), net::Verdict::kReply) << port;
  }
}

}  // namespace
}  // namespace podnamed::service
