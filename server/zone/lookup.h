// What does a zone answer? Pure: a question and a zone in, record sets out. Exact names, wildcards (RFC 4592), aliases
// (CNAME; DNAME, RFC 6672), delegations, and what denies (RFC 2308; with signatures RFC 4035 section 3.1). Any thread.
#pragma once

#include <string_view>

#include "server/dns/name.h"
#include "server/dns/types.h"
#include "server/resolve/answer.h"
#include "server/zone/zone.h"

namespace podnamed::zone {

struct ZoneQuestion {
  const dns::QueryName& name;
  dns::RecordType type;
  bool dnssec_ok = false;  // the client wants signatures
};

struct ZoneReply {
  dns::Rcode rcode = dns::Rcode::kNoError;
  bool authoritative = true;  // false: a referral
  // Whether the name has records, be it by a wildcard that has the type.
  bool has_records = true;
  // The name out of the zone to which an alias leads, in wire form: whoever can is to ask for it. Empty: none.
  std::string_view outside = {};
};

// Puts the answer into `answer`, which must be clear; it points into the zone and the question. Allocates nothing once
// the vectors have grown. REQUIRES: the name is at or below the zone's origin.
ZoneReply Lookup(const Zone& zone, const ZoneQuestion& question, resolve::Answer& answer);

}  // namespace podnamed::zone
