// bench_echo PORT: the floor under every UDP server: receives by recvmmsg, sets QR, sends the same octets back by
// sendmmsg, and knows nothing of DNS. What it costs is the kernel's. Listens on 127.0.0.1 until it is ended by a
// signal.
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <iostream>

#include "absl/strings/numbers.h"
#include "bench/load/socket.h"
#include "server/base/status.h"

namespace podnamed::bench {
namespace {

constexpr size_t kBatch = 32;
constexpr size_t kMaxQuery = 512;

absl::StatusOr<Socket> Listen(uint16_t port) {
  ASSIGN_OR_RETURN(const sockaddr_in address, SocketAddress("127.0.0.1", port));
  Socket socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) return absl::ErrnoToStatus(errno, "socket");
  if (bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("bind to port ", port));
  }
  return socket;
}

absl::Status Echo(const Socket& socket) {
  std::array<std::array<uint8_t, kMaxQuery>, kBatch> buffers;
  std::array<sockaddr_in, kBatch> clients;
  std::array<iovec, kBatch> pieces;
  std::array<mmsghdr, kBatch> messages{};
  for (size_t i = 0; i < kBatch; ++i) {
    pieces[i].iov_base = buffers[i].data();
    messages[i].msg_hdr.msg_name = &clients[i];
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  while (true) {
    for (size_t i = 0; i < kBatch; ++i) {
      pieces[i].iov_len = kMaxQuery;
      messages[i].msg_hdr.msg_namelen = sizeof clients[i];
    }
    const int received = recvmmsg(socket.fd(), messages.data(), kBatch, MSG_WAITFORONE, nullptr);
    if (received < 0 && errno != EINTR) return absl::ErrnoToStatus(errno, "receive");
    for (int i = 0; i < received; ++i) {
      const auto index = static_cast<size_t>(i);
      pieces[index].iov_len = messages[index].msg_len;
      buffers[index][2] |= 0x80;  // QR
    }
    for (int sent = 0; sent < received;) {
      const int n = sendmmsg(socket.fd(), messages.data() + sent, static_cast<unsigned>(received - sent), 0);
      // A client that has gone is an error of the datagram that would have reached it: the next ones have other
      // clients.
      sent += n > 0 ? n : 1;
    }
  }
}

int Main(int argc, char** argv) {
  uint32_t port = 0;
  if (argc != 2 || !absl::SimpleAtoi(argv[1], &port) || port == 0 || port > 65535) {
    std::cerr << "bench_echo: expected one argument, the port\n";
    return 1;
  }
  absl::StatusOr<Socket> socket = Listen(static_cast<uint16_t>(port));
  const absl::Status status = socket.ok() ? Echo(*socket) : socket.status();
  std::cerr << "bench_echo: " << status.message() << "\n";
  return 1;
}

}  // namespace
}  // namespace podnamed::bench

int main(int argc, char** argv) { return podnamed::bench::Main(argc, argv); }
