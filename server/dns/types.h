// Record types, classes, opcodes and rcodes, with the numbers of the IANA "DNS Parameters" registry.
// Every enum holds any 16-bit number that a packet may carry; the named ones are those the code speaks of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace podnamed::dns {

enum class RecordType : uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kHinfo = 13,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kSrv = 33,
  kDname = 39,       // RFC 6672
  kOpt = 41,         // RFC 6891; never a question
  kDs = 43,          // RFC 4034
  kRrsig = 46,       // RFC 4034
  kNsec = 47,        // RFC 4034
  kNsec3 = 50,       // RFC 5155
  kNsec3Param = 51,  // RFC 5155
  kIxfr = 251,       // RFC 1995
  kAxfr = 252,       // RFC 5936
  kAny = 255,
};

enum class RecordClass : uint16_t { kIn = 1, kCh = 3, kHs = 4, kNone = 254, kAny = 255 };

enum class Opcode : uint8_t { kQuery = 0, kNotify = 4, kUpdate = 5 };

// Twelve bits: values above 15 need an OPT record (RFC 6891 section 6.1.3).
enum class Rcode : uint16_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kYxDomain = 6,  // this and the next four: of updates (RFC 2136), which an upstream may send all the same
  kYxRrset = 7,
  kNxRrset = 8,
  kNotAuth = 9,
  kNotZone = 10,
  kBadVers = 16,
  kBadCookie = 23,  // RFC 7873
};

// "A", "SRV"; "TYPE65280" for a number without a name (RFC 3597 section 5).
std::string NameOf(RecordType type);
// "NXDOMAIN"; "OTHER" for a number without one.
std::string_view NameOf(Rcode rcode);
// "IN", "CH"; "CLASS65280" for a number without a name (RFC 3597 section 5).
std::string NameOf(RecordClass record_class);
// The inverse, ignoring case; std::nullopt for a word that names none.
std::optional<RecordType> ParseRecordType(std::string_view text);
std::optional<RecordClass> ParseRecordClass(std::string_view text);
std::optional<Rcode> ParseRcode(std::string_view text);

// The second 16 bits of the header (RFC 1035 section 4.1.1, RFC 4035 section 3), opcode and rcode aside.
inline constexpr uint16_t kResponseFlag = 0x8000;            // QR
inline constexpr uint16_t kAuthoritativeFlag = 0x0400;       // AA
inline constexpr uint16_t kTruncatedFlag = 0x0200;           // TC
inline constexpr uint16_t kRecursionDesiredFlag = 0x0100;    // RD
inline constexpr uint16_t kRecursionAvailableFlag = 0x0080;  // RA
inline constexpr uint16_t kAuthenticDataFlag = 0x0020;       // AD
inline constexpr uint16_t kCheckingDisabledFlag = 0x0010;    // CD
inline constexpr uint16_t kRcodeMask = 0x000F;
inline constexpr int kOpcodeShift = 11;
inline constexpr uint16_t kOpcodeMask = 0x000F;  // after the shift

inline constexpr size_t kMaxLabelLength = 63;   // RFC 1035 section 2.3.4
inline constexpr size_t kMaxNameLength = 255;   // in wire form, the root's zero octet included
inline constexpr size_t kMinRecordLength = 12;  // pointer to the owner, type, class, TTL, length, no rdata
inline constexpr size_t kMaxLabels = 127;       // what 255 octets can hold, the root not counted
inline constexpr size_t kHeaderLength = 12;
inline constexpr size_t kMaxMessageLength = 65535;
inline constexpr size_t kMinUdpLimit = 512;       // RFC 1035 section 4.2.1
inline constexpr size_t kDefaultUdpLimit = 1232;  // DNS flag day 2020: fits IPv6's minimum MTU unfragmented

}  // namespace podnamed::dns
