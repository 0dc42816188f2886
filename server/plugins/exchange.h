// One query on its way through the chain of a server block, and the reply as it comes together. One per query that is
// under way: used again for the next, so that its vectors keep their memory. One thread, its worker's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/base/ip_address.h"
#include "server/dns/query.h"
#include "server/dns/types.h"
#include "server/net/handler.h"
#include "server/resolve/answer.h"

namespace podnamed::plugins {

enum class Next : uint8_t {
  kPass,   // not mine: the next plugin may know; the reply is untouched
  kDone,   // the reply is here
  kLater,  // the reply comes later: whoever said so calls Exchange::Resume then
  kDrop,   // there shall be no reply
};

struct Exchange;

// Takes an exchange further that has waited.
class Resumer {
 public:
  virtual void Resume(Exchange& exchange, Next next) = 0;

 protected:
  ~Resumer() = default;
};

struct Exchange {
  // ---- the question; good until the reply has been sent

  dns::Query asked;                   // as the client sent it; class IN
  const dns::Query* query = nullptr;  // as the plugins see it: &asked, unless one has put another in its place
  base::IpAddress client;
  uint16_t client_port = 0;
  net::Transport transport = net::Transport::kUdp;
  size_t reply_limit = 0;  // octets of the whole reply
  bool can_wait = false;   // whether kLater is allowed

  // ---- the reply

  dns::Rcode rcode = dns::Rcode::kServFail;
  bool authoritative = false;
  bool recursion_available = false;
  resolve::Answer answer;             // its sections, and why they are as they are
  std::string_view answered_by = {};  // the plugin, a literal; empty: none was asked

  // ---- its way

  // On the worker's thread, once, by the plugin that said kLater, when it knows: kDone, kPass or kDrop. The exchange
  // may be gone when this returns.
  void Resume(Next next) { resumer->Resume(*this, next); }

  size_t position = 0;  // of the plugin that is asked
  Resumer* resumer = nullptr;
};

}  // namespace podnamed::plugins
