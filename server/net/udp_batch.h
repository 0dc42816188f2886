// Receives many datagrams and sends many replies, each with one system call: the kernel is nearly all that a query
// costs, and a batch saves a part of it. Every reply leaves from the address that its query was sent to, or a client
// behind a Service's address would not recognise it. All buffers are allocated once. One thread; the socket is the
// caller's and may be in blocking mode: no call here waits for it to become readable.
// Errors: UDP promises nothing, so a datagram that cannot be received or sent is dropped, and the next one is served.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/types/span.h"
#include "server/dns/types.h"
#include "server/net/handler.h"

namespace podnamed::net {

class UdpBatch {
 public:
  static constexpr size_t kMaxDatagrams = 32;
  // A longer query is dropped: one question with EDNS fits many times.
  static constexpr size_t kMaxQueryOctets = 4096;
  static constexpr size_t kMaxReplyOctets = dns::kDefaultUdpLimit;

  UdpBatch();
  UdpBatch(const UdpBatch&) = delete;
  UdpBatch& operator=(const UdpBatch&) = delete;

  // Forgets the last batch and takes up to kMaxDatagrams from the socket. Returns how many it took: fewer than
  // kMaxDatagrams means that no more were waiting. Those that cannot be answered are not among the queries: longer
  // than kMaxQueryOctets, or from port 0. `later` makes the reply paths of these queries.
  size_t Receive(int socket, ReplyPathMaker* later = nullptr);

  // The queries of this batch, valid until the next Receive.
  absl::Span<const Request> queries() const { return absl::MakeConstSpan(queries_).first(query_count_); }
  // The address that `queries()[i]` was sent to; std::nullopt where the socket is bound to one.
  std::optional<base::IpAddress> LocalAddressOf(size_t i) const;
  // Room for the next reply, whichever query it is to.
  absl::Span<uint8_t> reply_buffer() { return {reply_octets_.get() + replied_octets_, kMaxReplyOctets}; }

  // The first `size` octets of `reply_buffer()` are the reply to `queries()[i]`. At most once for each query.
  void Reply(size_t i, size_t size);

  // All that is needed to reply to one query after its batch is gone.
  struct Envelope {
    sockaddr_in6 client;
    socklen_t client_octets;
    alignas(cmsghdr) std::array<uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))> local_address;
    size_t local_address_octets;
  };
  Envelope EnvelopeOf(size_t i) const;
  // Sends one reply; without waiting, so that what finds no room is dropped.
  static void Send(int socket, Envelope envelope, absl::Span<const uint8_t> reply);

  // Sends the replies. Waits at most a millisecond for a full send buffer, then drops what is left.
  void Send(int socket);

 private:
  // Not a multiple of a page, so that the slots do not all compete for the same cache sets; and replies lie one behind
  // the other, in few pages, since what the kernel copies it has pushed out of the nearest caches before.
  struct Slot {
    sockaddr_in6 client;  // the larger of both families
    // IP_PKTINFO or IPV6_PKTINFO: as received, the address that was asked; as sent, the address to answer from.
    alignas(cmsghdr) std::array<uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))> local_address;
    iovec query_octets;
    iovec reply_octets;
    std::array<uint8_t, kMaxQueryOctets> query;
  };

  std::unique_ptr<Slot[]> slots_;            // kMaxDatagrams of them
  std::unique_ptr<uint8_t[]> reply_octets_;  // of as many replies
  size_t replied_octets_ = 0;
  std::array<mmsghdr, kMaxDatagrams> received_{};
  std::array<Request, kMaxDatagrams> queries_{};
  std::array<uint8_t, kMaxDatagrams> slot_of_{};  // the query's
  size_t query_count_ = 0;
  std::array<mmsghdr, kMaxDatagrams> replies_{};
  size_t reply_count_ = 0;
};

}  // namespace podnamed::net
