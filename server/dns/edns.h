// The OPT record, both ways (RFC 6891): what a client says in it, and what we say back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/dns/types.h"
#include "server/dns/wire_reader.h"
#include "server/dns/wire_writer.h"

namespace podnamed::dns {

// The OPT record of a query (RFC 6891 section 6.1).
struct Edns {
  uint16_t udp_payload_size = 0;  // octets, as advertised: may be below 512, which means 512
  uint8_t version = 0;
  bool dnssec_ok = false;  // DO (RFC 3225)
  bool asks_nsid = false;  // which server answers (RFC 5001)
  bool is_padded = false;  // and wants its reply to be so too (RFC 7830)
  // All of them as they stand in the packet, sound if ReadOpt says so; as long as the packet.
  std::string_view options{};
};

// Of options one behind the other: what the first with `code` holds; std::nullopt if there is none.
std::optional<std::string_view> FindOption(std::string_view options, uint16_t code);

// Why a reply says what it says (RFC 8914), for a person to read: no client changes its mind by it. Any code of the
// IANA registry "Extended DNS Error Codes"; the named ones are those that a cluster's name server has a use for.
struct ExtendedError {
  static constexpr uint16_t kOther = 0;
  static constexpr uint16_t kStaleAnswer = 3;
  static constexpr uint16_t kForgedAnswer = 4;
  static constexpr uint16_t kNotReady = 14;  // the server is not synced yet
  static constexpr uint16_t kBlocked = 15;
  static constexpr uint16_t kFiltered = 17;
  static constexpr uint16_t kProhibited = 18;
  static constexpr uint16_t kStaleNxDomain = 19;
  static constexpr uint16_t kNotAuthoritative = 20;
  static constexpr uint16_t kNotSupported = 21;
  static constexpr uint16_t kNoReachableAuthority = 22;
  static constexpr uint16_t kNetworkError = 23;
  static constexpr uint16_t kInvalidData = 24;
  static constexpr uint16_t kInvalidQueryType = 30;

  uint16_t info_code = kOther;
  std::string_view text{};  // EXTRA-TEXT: UTF-8, without a final NUL; may be empty
};

inline constexpr uint16_t kNsidOption = 3;            // RFC 5001 section 4
inline constexpr uint16_t kClientSubnetOption = 8;    // RFC 7871 section 6
inline constexpr uint16_t kPaddingOption = 12;        // RFC 7830 section 3
inline constexpr uint16_t kExtendedErrorOption = 15;  // RFC 8914 section 2

inline constexpr uint8_t kEdnsVersion = 0;
inline constexpr size_t kOptLength = 11;  // of the record that PutOpt writes, without an extended error
// What the length of a padded reply is a multiple of (RFC 8467 section 4.1).
inline constexpr size_t kPaddedBlock = 468;

// Reads an OPT record from behind its type on. The fixed fields reach `edns` in any case, for the refusal to answer
// in kind; false if the options that follow are malformed (of a version that we do not speak none is looked at).
// Options other than NSID and padding are ignored, as section 6.1.2 wants of those not known.
bool ReadOpt(WireReader& reader, Edns& edns);

// Writes the OPT record of the reply to a query that had `edns`: our payload size and version, the client's DO, the
// upper bits of the rcode. `nsid`, if it is not empty and fits, and the client asks for it, follows. `error` goes along
// as far as there is room: its text is cut between two characters, and where not even the code fits the record has no
// option. With `pads` the message is padded behind that, as far as there is room.
void PutOpt(WireWriter& writer, const Edns& edns, Rcode rcode, const std::optional<ExtendedError>& error = std::nullopt,
            std::string_view nsid = {}, bool pads = false);
// How many octets of it NSID is.
size_t NsidLength(const Edns& edns, std::string_view nsid);

}  // namespace podnamed::dns
