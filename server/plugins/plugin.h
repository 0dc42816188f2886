// One directive of the Corefile at work on a query. Plugins of a server block are asked in CoreDNS's fixed order until
// one of them answers. Each worker has its own: a plugin is used by one thread and may keep scratch.
#pragma once

#include "server/base/ip_address.h"
#include "server/dns/query.h"
#include "server/resolve/answer.h"

namespace podnamed::plugins {

struct QueryContext {
  const dns::Query& query;  // class IN, one question
  base::IpAddress client;
  size_t reply_limit;  // octets of the whole reply
};

enum class Next {
  kDone,  // `answer` is the answer
  kPass,  // not mine: the next plugin may know; `answer` is untouched
};

class Plugin {
 public:
  virtual ~Plugin() = default;
  // `answer` is clear. What it then points to stays good until the next query.
  virtual Next OnQuery(const QueryContext& context, resolve::Answer& answer) = 0;
  // Called about once a second when there are no queries: lets go of what an old state keeps alive.
  virtual void OnIdle() {}
};

}  // namespace podnamed::plugins
