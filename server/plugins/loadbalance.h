// `loadbalance`: tells addresses in another order each time, so that clients that take the first spread over all; or,
// weighted, one of them first, by chance and by its weight. The answers of `kubernetes` are shuffled as they are made,
// and are passed over unless they are weighted or networks are preferred. CNAMEs come before all else, as some stub
// resolvers want them, and addresses behind it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/random/random.h"
#include "config/options.h"
#include "server/plugins/plugin.h"
#include "server/plugins/weights.h"

namespace podnamed::plugins {

class Loadbalance : public Plugin {
 public:
  // Both must outlive this. `weights`: nullptr without them.
  Loadbalance(const config::LoadbalanceOptions& options, const WeightSource* weights)
      : options_(options), source_(weights) {
    OnIdle();
  }

  Next OnQuery(Exchange&) override { return Next::kPass; }
  void OnReply(Exchange& exchange) override;
  void OnIdle() override {
    if (source_ != nullptr) weights_ = source_->Current();
  }

 private:
  void Weigh(resolve::Answer& answer);
  // Puts one address of the section first, by chance, each as often as its weight says. The others keep their order but
  // for the one whose place it takes.
  void PutOneFirst(std::vector<dns::RecordSet>& section, resolve::Answer& answer);
  // bool visit(set, index of an address in it, its weight), until it returns true.
  template <typename Visit>
  void ForEachWeight(std::vector<dns::RecordSet>& section, Visit visit) const;
  template <typename Address>
  static void PutFirst(dns::RecordSet& set, size_t index, std::vector<Address>& list);
  // Puts sets into the order of their kinds; and shuffles those of addresses and of mail servers, if they shall be.
  void OrderSets(std::vector<dns::RecordSet>& section, bool shuffles);
  // Reorders the addresses of each set by `order`, and then by what is preferred, in lists of the answer's own.
  template <typename Order>
  void OrderAddresses(resolve::Answer& answer, Order order);
  template <typename Address, typename Order>
  void OrderAddresses(dns::RecordSet& set, std::vector<Address>& list, Order order) const;
  // The address of each network, in the order in which they are preferred. The others keep their order behind them.
  template <typename Address>
  void PutPreferredFirst(absl::Span<Address> addresses) const;

  const config::LoadbalanceOptions& options_;
  const WeightSource* const source_;
  std::shared_ptr<const Weights> weights_;
  absl::InsecureBitGen random_;          // fairness, not secrecy
  std::vector<dns::RecordSet> scratch_;  // keeps its memory
};

}  // namespace podnamed::plugins
