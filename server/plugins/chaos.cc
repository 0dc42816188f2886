#include "server/plugins/chaos.h"

#include <string_view>
#include <utility>

#include "server/base/host_name.h"

namespace podnamed::plugins {
namespace {

// In wire form, without the root's octet.
constexpr std::string_view kVersionBind = "\7version\4bind";
constexpr std::string_view kVersionServer = "\7version\6server";
constexpr std::string_view kHostnameBind = "\10hostname\4bind";
constexpr std::string_view kIdServer = "\2id\6server";
constexpr std::string_view kAuthorsBind = "\7authors\4bind";

void AddText(Exchange& exchange, std::string_view text) {
  exchange.answer.answer.push_back({.owner = dns::NamePieces(exchange.query->name.original()),
                                    .type = dns::RecordType::kTxt,
                                    .ttl = 0,
                                    .rdata = dns::TxtData{text},
                                    .record_class = dns::RecordClass::kCh});
}

}  // namespace

Chaos::Chaos(const config::ChaosOptions& options) : options_(options), host_name_(base::HostName("localhost")) {}

Next Chaos::OnQuery(Exchange& exchange) {
  const dns::Query& query = *exchange.query;
  if (query.record_class != dns::RecordClass::kCh || query.type != dns::RecordType::kTxt) return Next::kPass;
  std::string_view name = query.name.folded();
  name.remove_suffix(1);
  if (name == kVersionBind || name == kVersionServer) {
    AddText(exchange, options_.version);
  } else if (name == kHostnameBind || name == kIdServer) {
    AddText(exchange, host_name_);
  } else if (name == kAuthorsBind) {
    auto& answer = exchange.answer.answer;
    for (const std::string& author : options_.authors) {
      AddText(exchange, author);
      std::swap(answer.back(), answer[absl::Uniform(random_, size_t{0}, answer.size())]);
    }
  } else {
    return Next::kPass;
  }
  exchange.answer.outcome = resolve::Outcome::kAnswer;
  exchange.rcode = dns::Rcode::kNoError;
  exchange.answered_by = "chaos";
  return Next::kDone;
}

}  // namespace podnamed::plugins
