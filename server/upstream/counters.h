// What an Upstream counts. Written by its worker alone and read by anybody, at any time (relaxed: each number is true
// by itself). They only grow.
#pragma once

#include <array>

#include "server/base/counter.h"
#include "server/upstream/question.h"

namespace podnamed::upstream {

using base::Counter;

struct Counters {
  // CoreDNS's coredns_proxy_conn_cache_{hits,misses}_total, by proto: index them with a Transport. Every question over
  // UDP is a miss, because each has a socket, and so a source port, of its own.
  std::array<Counter, kTransports> connection_hits;
  std::array<Counter, kTransports> connection_misses;

  Counter retries;           // asked anew because a connection in use was closed
  Counter wrong_ids;         // datagrams and messages that answer no question of ours
  Counter wrong_questions;   // the right id, another question
  Counter wrong_letters;     // the right id and question, other letters than were sent (0x20)
  Counter settled_by_tcp;    // asked anew by TCP because a reply over UDP may have been forged
  Counter letters_given_up;  // times that mixing letters was given up for this upstream
  Counter busy;              // refused here: too many in flight
};

}  // namespace podnamed::upstream
