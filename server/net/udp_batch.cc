#include "server/net/udp_batch.h"

#include <poll.h>

#include <cerrno>
#include <cstring>

#include "server/net/endpoint.h"

namespace podnamed::net {
namespace {

// A full send buffer drains at the speed of the network: a reply dropped costs its client seconds, a short wait costs
// the others little.
constexpr int kSendWaitMilliseconds = 1;

// Turns the control data of a received datagram into that of its reply. The interface is left to the routing table:
// the way back need not be the way the query came.
void AnswerFromAskedAddress(msghdr& header) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      // ipi_spec_dst, the source address of what is sent, already holds the local address that was asked.
      std::memset(CMSG_DATA(item) + offsetof(in_pktinfo, ipi_ifindex), 0, sizeof(in_pktinfo::ipi_ifindex));
    } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      std::memset(CMSG_DATA(item) + offsetof(in6_pktinfo, ipi6_ifindex), 0, sizeof(in6_pktinfo::ipi6_ifindex));
    }
  }
  // Without the octets that align a next item the kernel has room for a single one on its stack; else it allocates.
  if (header.msg_controllen == CMSG_SPACE(sizeof(in6_pktinfo))) header.msg_controllen = CMSG_LEN(sizeof(in6_pktinfo));
}

bool WaitUntilWritable(int socket) {
  pollfd writable{.fd = socket, .events = POLLOUT, .revents = 0};
  return poll(&writable, 1, kSendWaitMilliseconds) == 1;
}

}  // namespace

// Left as it is, a slot's memory is not touched before a datagram needs it.
UdpBatch::UdpBatch()
    : slots_(std::make_unique_for_overwrite<Slot[]>(kMaxDatagrams)),
      reply_octets_(std::make_unique_for_overwrite<uint8_t[]>(kMaxDatagrams * kMaxReplyOctets)) {
  for (size_t i = 0; i < kMaxDatagrams; ++i) {
    Slot& slot = slots_[i];
    slot.query_octets = {slot.query.data(), slot.query.size()};
    received_[i].msg_hdr.msg_name = &slot.client;
    received_[i].msg_hdr.msg_iov = &slot.query_octets;
    received_[i].msg_hdr.msg_iovlen = 1;
    received_[i].msg_hdr.msg_control = slot.local_address.data();
  }
}

size_t UdpBatch::Receive(int socket, ReplyPathMaker* later) {
  query_count_ = 0;
  reply_count_ = 0;
  replied_octets_ = 0;
  for (mmsghdr& datagram : received_) {  // recvmmsg has put its results here
    datagram.msg_hdr.msg_namelen = sizeof(Slot::client);
    datagram.msg_hdr.msg_controllen = sizeof(Slot::local_address);
  }
  const int count = recvmmsg(socket, received_.data(), kMaxDatagrams, MSG_DONTWAIT, nullptr);
  // Nothing is waiting, or the socket told of an ICMP error, which belongs to no query: the next wait sorts it out.
  if (count <= 0) return 0;

  const size_t received = static_cast<size_t>(count);
  for (size_t i = 0; i < received; ++i) {
    if ((received_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
    const Peer client = ToPeer(reinterpret_cast<const sockaddr&>(slots_[i].client));
    if (client.port == 0) continue;
    slot_of_[query_count_] = static_cast<uint8_t>(i);
    queries_[query_count_++] = {
        .message = absl::MakeConstSpan(slots_[i].query.data(), received_[i].msg_len),
        .client = client.address,
        .client_port = client.port,
        .transport = Transport::kUdp,
        .later = later,
    };
  }
  return received;
}

std::optional<base::IpAddress> UdpBatch::LocalAddressOf(size_t i) const {
  msghdr header = received_[slot_of_[i]].msg_hdr;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(item), sizeof(info));
      const sockaddr_in local = {.sin_family = AF_INET, .sin_port = 0, .sin_addr = info.ipi_spec_dst, .sin_zero = {}};
      return ToPeer(reinterpret_cast<const sockaddr&>(local)).address;
    }
    if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(item), sizeof(info));
      const sockaddr_in6 local = {
          .sin6_family = AF_INET6, .sin6_port = 0, .sin6_flowinfo = 0, .sin6_addr = info.ipi6_addr, .sin6_scope_id = 0};
      return ToPeer(reinterpret_cast<const sockaddr&>(local)).address;
    }
  }
  return std::nullopt;
}

void UdpBatch::Reply(size_t i, size_t size) {
  const size_t index = slot_of_[i];
  slots_[index].reply_octets = {reply_buffer().data(), size};
  replied_octets_ += size;
  mmsghdr& reply = replies_[reply_count_++];
  reply.msg_hdr = received_[index].msg_hdr;
  reply.msg_hdr.msg_iov = &slots_[index].reply_octets;
  AnswerFromAskedAddress(reply.msg_hdr);
}

UdpBatch::Envelope UdpBatch::EnvelopeOf(size_t i) const {
  const msghdr& header = received_[slot_of_[i]].msg_hdr;
  const Slot& slot = slots_[slot_of_[i]];
  return {slot.client, header.msg_namelen, slot.local_address, header.msg_controllen};
}

void UdpBatch::Send(int socket, Envelope envelope, absl::Span<const uint8_t> reply) {
  iovec octets = {const_cast<uint8_t*>(reply.data()), reply.size()};
  msghdr header = {};
  header.msg_name = &envelope.client;
  header.msg_namelen = envelope.client_octets;
  header.msg_iov = &octets;
  header.msg_iovlen = 1;
  header.msg_control = envelope.local_address.data();
  header.msg_controllen = envelope.local_address_octets;
  AnswerFromAskedAddress(header);
  sendmsg(socket, &header, MSG_DONTWAIT);
}

void UdpBatch::Send(int socket) {
  bool waited = false;
  for (size_t sent = 0; sent < reply_count_;) {
    const int count = sendmmsg(socket, &replies_[sent], static_cast<unsigned>(reply_count_ - sent), MSG_DONTWAIT);
    if (count > 0) {
      sent += static_cast<size_t>(count);
    } else if (errno == EAGAIN || errno == ENOBUFS) {
      if (waited || !WaitUntilWritable(socket)) return;
      waited = true;
    } else if (errno != EINTR) {
      ++sent;  // this one cannot be sent (no route, a firewall's refusal); those behind it may
    }
  }
}

}  // namespace podnamed::net
