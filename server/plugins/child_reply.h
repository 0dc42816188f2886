// The reply to a question that a plugin has asked on behalf of another one.
#pragma once

#include "server/plugins/exchange.h"

namespace podnamed::plugins {

// Makes the child's reply that of the exchange that has asked for it. What it holds belongs to the child: see
// Exchange::Ask.
inline void TakeReply(const Exchange& child, Exchange& exchange) {
  exchange.rcode = child.rcode;
  exchange.authoritative = child.authoritative;
  exchange.recursion_available = child.recursion_available;
  exchange.authentic_data = child.authentic_data;
  exchange.truncated = child.truncated;
  exchange.answer.outcome = child.answer.outcome;
  exchange.answer.answer = child.answer.answer;
  exchange.answer.authority = child.answer.authority;
  exchange.answer.additional = child.answer.additional;
  exchange.answer.reason = child.answer.reason;
  exchange.nsid = child.nsid;
  exchange.answered_by = child.answered_by;
  exchange.error = child.error;
  exchange.upstream = child.upstream;
}

}  // namespace podnamed::plugins
