#include "server/plugins/log.h"

#include <chrono>
#include <utility>

#include "absl/algorithm/container.h"
#include "server/base/query_log.h"

namespace podnamed::plugins {
namespace {

enum class Class { kSuccess, kDenial, kError };

// CoreDNS's (plugin/pkg/response): what a reply is by its rcode, and by the SOA that negative ones carry (RFC 2308).
Class ClassOf(const Exchange& exchange, size_t size) {
  if (size == 0) return Class::kError;
  const bool has_soa = absl::c_any_of(exchange.answer.authority,
                                      [](const dns::RecordSet& set) { return set.type == dns::RecordType::kSoa; });
  if (exchange.rcode == dns::Rcode::kNxDomain && has_soa) return Class::kDenial;
  if (exchange.rcode != dns::Rcode::kNoError) return Class::kError;
  return exchange.answer.answer.empty() && has_soa ? Class::kDenial : Class::kSuccess;
}

bool Wants(const config::LogRule& rule, Class reply) {
  switch (reply) {
    case Class::kSuccess:
      return rule.success;
    case Class::kDenial:
      return rule.denial;
    case Class::kError:
      return rule.error;
  }
  return false;
}

}  // namespace

Log::Log(const std::vector<config::LogRule>& rules, std::vector<std::string> addresses,
         const Metadata::Sources& metadata)
    : addresses_(std::move(addresses)), metadata_(metadata) {
  for (const config::LogRule& rule : rules) rules_.push_back({rule, LogFormat(rule.format)});
}

Next Log::OnQuery(Exchange& exchange) {
  if (exchange.started == std::chrono::steady_clock::time_point()) exchange.started = std::chrono::steady_clock::now();
  return Next::kPass;
}

void Log::OnSent(const Exchange& exchange, size_t size) {
  for (const Rule& rule : rules_) {
    if (!exchange.asked.name.LabelsAbove(rule.options.zone.wire()).has_value()) continue;
    if (!Wants(rule.options, ClassOf(exchange, size))) return;
    rule.format.Write(exchange, size, addresses_[exchange.entrance->index], &metadata_, line_);
    base::WriteQueryLog(line_);
    return;
  }
}

}  // namespace podnamed::plugins
