// Which records of a reply belong to its question? A cache that keeps what somebody slipped into a reply hands it on to
// others, so what is stored is held to this (RFC 2181 section 5.4.1, RFC 5452 section 6):
//   answer      the names of the chain that starts at the question's name and goes on by CNAMEs, each with records of
//   the
//               asked type, CNAME, RRSIG; and DNAMEs above them. In any order.
//   authority   a name of the chain or above one; NSEC and NSEC3, which stand between names, and their signatures
//   anywhere. additional  addresses, and their signatures, of hosts that an NS, MX or SRV record of the reply names.
// A pure function of the reply; allocates nothing; its cost is bounded by the message's size and the limits below.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/dns/message_view.h"

namespace podnamed::plugins {

// True if `name` is `zone` or below it, whatever their letters' case. REQUIRES: both whole names in wire form.
bool IsAtOrBelow(std::string_view name, std::string_view zone);

inline constexpr size_t kMaxCnameChain = 16;      // names; a longer one does not belong
inline constexpr size_t kMaxKeptAdditional = 32;  // records

// REQUIRES: view.has_question().
bool AnswerAndAuthorityBelong(const dns::MessageView& view);

// How many records of the additional section belong, from its start up to the first that does not, is OPT, or is one
// too many. Only a beginning can be kept, because later names may point at what would be cut out.
size_t CountBelongingAdditional(const dns::MessageView& view);

}  // namespace podnamed::plugins
