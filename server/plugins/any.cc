#include "server/plugins/any.h"

namespace podnamed::plugins {
namespace {

constexpr uint32_t kTtl = 8482;
constexpr dns::RawData kHostInfo[] = {{"\15ANY obsoleted\14See RFC 8482"}};  // RFC 1035 section 3.3.2

}  // namespace

Next Any::OnQuery(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  if (query.type != dns::RecordType::kAny || query.record_class != dns::RecordClass::kIn) return Next::kPass;
  exchange.answer.answer.push_back(
      {dns::NamePieces(query.name.original()), dns::RecordType::kHinfo, kTtl, absl::MakeConstSpan(kHostInfo)});
  exchange.answer.outcome = resolve::Outcome::kAnswer;
  exchange.rcode = dns::Rcode::kNoError;
  exchange.answered_by = "any";
  return Next::kDone;
}

}  // namespace podnamed::plugins
