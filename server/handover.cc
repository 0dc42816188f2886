#include "server/handover.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "server/base/log.h"
#include "server/base/status.h"

namespace podnamed {
namespace {

constexpr std::string_view kAskForSockets = "sockets";
constexpr std::string_view kSomeSockets = "some";
constexpr std::string_view kEndOfSockets = "end";
constexpr std::string_view kRelieve = "relieve";
constexpr size_t kFdsPerMessage = 200;  // the kernel takes 253 (SCM_MAX_FD)
constexpr size_t kMostFds = 4096;
constexpr size_t kLongestMessage = 16;
constexpr timeval kPatience = {.tv_sec = 5, .tv_usec = 0};  // for a message that is due

absl::Status Failed(const char* what, const std::string& path, int error) {
  return absl::Status(absl::ErrnoToStatusCode(error), absl::StrCat(what, " ", path, ": ", std::strerror(error)));
}

absl::StatusOr<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("-takeover is \"", path, "\"; expected a path of 1 to ", sizeof(address.sun_path) - 1, " octets"));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// Messages keep their bounds.
base::UniqueFd MakeSocket() {
  base::UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  return fd;
}

bool Send(int connection, std::string_view text, absl::Span<const int> fds = {}) {
  iovec data = {const_cast<char*>(text.data()), text.size()};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kFdsPerMessage * sizeof(int))> control = {};
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
  }
  return sendmsg(connection, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

// Its text, empty at the end of the connection; std::nullopt if nothing comes in time. Descriptors go to `fds`.
std::optional<std::string> Receive(int connection, std::vector<base::UniqueFd>& fds) {
  std::string text(kLongestMessage, '\0');
  iovec data = {text.data(), text.size()};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kFdsPerMessage * sizeof(int))> control = {};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  if (size < 0 && errno == EAGAIN) return std::nullopt;
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  if (size < 0) return text;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
      fds.emplace_back(fd);
    }
  }
  return text;
}

bool IsTrusted(int connection) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}

}  // namespace

absl::StatusOr<std::optional<Predecessor>> Predecessor::Meet(const std::string& path) {
  ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  base::UniqueFd connection = MakeSocket();
  if (!connection) return Failed("cannot make a socket for", path, errno);
  setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
    return Failed("cannot reach the podnamed at", path, errno);
  }
  if (!IsTrusted(connection.get())) {
    return absl::PermissionDeniedError(absl::StrCat("who listens at ", path, " is another user's process"));
  }
  return Predecessor(std::move(connection));
}

absl::Status Predecessor::AskForSockets(base::PassedSockets& sockets) {
  std::vector<base::UniqueFd> fds;
  if (!Send(connection_.get(), kAskForSockets)) return absl::OkStatus();
  while (fds.size() < kMostFds) {
    const std::optional<std::string> text = Receive(connection_.get(), fds);
    if (!text) return absl::DeadlineExceededError("the podnamed that runs does not give its sockets away: it hangs");
    if (*text == kEndOfSockets) {
      for (base::UniqueFd& fd : fds) RETURN_IF_ERROR(sockets.Add(std::move(fd)));
      return absl::OkStatus();
    }
    if (*text != kSomeSockets) return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(absl::StrCat("the podnamed that runs has more than ", kMostFds, " sockets"));
}

bool Predecessor::HasGone() const {
  // It says nothing that it is not asked.
  pollfd wait = {.fd = connection_.get(), .events = POLLIN, .revents = 0};
  return poll(&wait, 1, 0) == 1;
}

absl::Status Predecessor::Relieve(std::chrono::milliseconds patience) {
  if (!Send(connection_.get(), kRelieve)) return absl::OkStatus();  // gone by itself
  pollfd wait = {.fd = connection_.get(), .events = POLLIN, .revents = 0};
  if (poll(&wait, 1, static_cast<int>(patience.count())) == 1) return absl::OkStatus();
  return absl::DeadlineExceededError("the podnamed that ran before has not ended yet; it still answers what it has");
}

absl::StatusOr<std::unique_ptr<HandoverServer>> HandoverServer::Start(
    const std::string& path, std::function<std::vector<base::UniqueFd>()> sockets, std::function<void()> on_relieved) {
  ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  base::UniqueFd listener = MakeSocket();
  base::UniqueFd stop(eventfd(0, EFD_CLOEXEC));
  if (!listener || !stop) return Failed("cannot make a socket for", path, errno);
  struct stat file = {};
  if (lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode)) unlink(path.c_str());  // of one that has gone
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listener.get(), 1) != 0) {
    return Failed("cannot wait for a successor at", path, errno);
  }
  return std::unique_ptr<HandoverServer>(
      new HandoverServer(path, std::move(listener), std::move(stop), std::move(sockets), std::move(on_relieved)));
}

HandoverServer::HandoverServer(std::string path, base::UniqueFd listener, base::UniqueFd stop,
                               std::function<std::vector<base::UniqueFd>()> sockets, std::function<void()> on_relieved)
    : path_(std::move(path)),
      listener_(std::move(listener)),
      stop_(std::move(stop)),
      sockets_(std::move(sockets)),
      on_relieved_(std::move(on_relieved)),
      thread_([this] { Run(); }) {}

HandoverServer::~HandoverServer() {
  eventfd_write(stop_.get(), 1);
  // The path is the successor's as soon as it knows that we have gone.
  if (!is_relieved_) unlink(path_.c_str());
  thread_.join();
}

void HandoverServer::Run() {
  while (!is_relieved_ && WaitUntilReadable(listener_.get())) {
    base::UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection && IsTrusted(connection.get())) Serve(std::move(connection));
  }
}

void HandoverServer::Serve(base::UniqueFd connection) {
  while (WaitUntilReadable(connection.get())) {
    std::vector<base::UniqueFd> unwanted;
    const std::string text = Receive(connection.get(), unwanted).value_or("");
    if (text == kAskForSockets) {
      const std::vector<base::UniqueFd> sockets = sockets_();
      std::vector<int> fds;
      for (const base::UniqueFd& socket : sockets) fds.push_back(socket.get());
      base::LogInfo("server", "another podnamed is about to take over: it gets {} sockets", fds.size());
      bool is_sent = true;
      for (size_t i = 0; i < fds.size() && is_sent; i += kFdsPerMessage) {
        is_sent = Send(connection.get(), kSomeSockets, absl::MakeConstSpan(fds).subspan(i, kFdsPerMessage));
      }
      if (!is_sent || !Send(connection.get(), kEndOfSockets)) return;
    } else if (text == kRelieve) {
      is_relieved_ = true;
      on_relieved_();
      WaitUntilReadable(stop_.get());  // the connection ends with us
      return;
    } else {
      base::LogWarning("server", "who wanted to take over has gone; going on");
      return;
    }
  }
}

bool HandoverServer::WaitUntilReadable(int fd) const {
  std::array<pollfd, 2> waits = {pollfd{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                                 pollfd{.fd = fd, .events = POLLIN, .revents = 0}};
  while (poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
  }
  return waits[0].revents == 0;
}

}  // namespace podnamed
