// `loadbalance`: tells addresses in another order each time, so that clients that take the first spread over all. The
// answers of `kubernetes` are shuffled as they are made, and are passed over. CNAMEs come before all else, as some stub
// resolvers want them, and addresses behind it.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/random/random.h"
#include "config/options.h"
#include "server/plugins/plugin.h"

namespace podnamed::plugins {

class Loadbalance : public Plugin {
 public:
  // `options` must outlive this.
  explicit Loadbalance(const config::LoadbalanceOptions& options) : options_(options) {}

  Next OnQuery(Exchange&) override { return Next::kPass; }
  void OnReply(Exchange& exchange) override;

 private:
  // Puts sets into the order of their kinds, and shuffles those of addresses and of mail servers.
  void OrderSets(std::vector<dns::RecordSet>& section);
  // Reorders the addresses of each set, in lists of the answer's own.
  void OrderAddresses(resolve::Answer& answer);
  template <typename Address>
  void OrderAddresses(dns::RecordSet& set, std::vector<Address>& list);
  // Those in networks that are preferred come first.
  template <typename Address>
  void PutPreferredFirst(absl::Span<Address> addresses) const;

  const config::LoadbalanceOptions& options_;
  absl::InsecureBitGen random_;          // fairness, not secrecy
  std::vector<dns::RecordSet> scratch_;  // keeps its memory
};

}  // namespace podnamed::plugins
