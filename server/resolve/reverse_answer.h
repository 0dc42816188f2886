// Answers below in-addr.arpa and ip6.arpa: the names that bear an address. One object a question; pure.
#pragma once

#include <string_view>

#include "server/resolve/reverse_name.h"
#include "server/resolve/zone_answer.h"

namespace podnamed::resolve {

class ReverseAnswer : private ZoneAnswer {
 public:
  // `target_tail` is what follows the names of services: "\3svc" and their zone, or just that for who asks from
  // outside.
  ReverseAnswer(const ZoneQuestion& question, const ReverseName& parsed, const ClusterView& view,
                std::string_view target_tail, absl::BitGenRef random, Answer& answer)
      : ZoneAnswer(question, view, random, answer), parsed_(parsed), target_tail_(target_tail) {}

  void Find();

 private:
  using Identity = ClusterView::Identity;

  Outcome AtAddress(const base::IpAddress& address);
  void AddServices(const base::IpAddress& address);
  void AddExternalServices(const base::IpAddress& address);
  void AddEndpoints(const state::ServiceBlock& service, const base::IpAddress& address);
  // In wire form; the same for all endpoints without a name of their own.
  std::string_view DashedLabelOf(const base::IpAddress& address);

  const ReverseName& parsed_;
  const std::string_view target_tail_;
};

}  // namespace podnamed::resolve
