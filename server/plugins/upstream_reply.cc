#include "server/plugins/upstream_reply.h"

namespace podnamed::plugins {

bool PutReply(const dns::MessageView& view, Exchange& exchange) {
  if (!exchange.records.Read(view)) return false;
  const dns::Query& query = *exchange.query;
  const uint16_t flags = view.flags();
  exchange.rcode = view.rcode();
  // Twelve bits need an OPT record, which is for a client that has sent one.
  if (static_cast<uint16_t>(exchange.rcode) > dns::kRcodeMask && !query.edns) exchange.rcode = dns::Rcode::kServFail;
  exchange.authoritative = (flags & dns::kAuthoritativeFlag) != 0;
  exchange.recursion_available = (flags & dns::kRecursionAvailableFlag) != 0;
  const bool wants_authentic_data = query.authentic_data || (query.edns && query.edns->dnssec_ok);
  exchange.authentic_data = wants_authentic_data && (flags & dns::kAuthenticDataFlag) != 0;
  exchange.truncated = view.truncated();
  exchange.answer.answer = exchange.records.answer;
  exchange.answer.authority = exchange.records.authority;
  exchange.answer.additional = exchange.records.additional;
  return true;
}

}  // namespace podnamed::plugins
