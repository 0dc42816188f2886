#include "server/base/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

namespace podnamed::base {
namespace {

// The service manager's end, at an abstract address of this process.
class ServiceManager {
 public:
  ServiceManager() : name_("@podnamed-test-" + std::to_string(::getpid())) {
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    name_.copy(address.sun_path, name_.size());
    address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), length), 0);
  }
  ~ServiceManager() { ::close(socket_); }
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  const std::string& name() const { return name_; }

  // What has come, or nothing.
  std::string Heard() {
    std::array<char, 100> text{};
    const ssize_t size = ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "" : std::string(text.data(), static_cast<size_t>(size));
  }

 private:
  const int socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::string name_;
};

TEST(ServiceManager, IsToldWhereTheEnvironmentNamesIt) {
  ServiceManager manager;
  ASSERT_EQ(::setenv("NOTIFY_SOCKET", manager.name().c_str(), 1), 0);
  TellServiceManager(kServiceIsReady);
  EXPECT_EQ(manager.Heard(), "READY=1");
  ASSERT_EQ(::unsetenv("NOTIFY_SOCKET"), 0);
  TellServiceManager(kServiceIsStopping);
  EXPECT_EQ(manager.Heard(), "");
}

TEST(ServiceManager, OneThatIsNotThereIsNoHarm) {
  for (const std::string& name : {std::string(), std::string("/nowhere/notify"), std::string(200, 'x')}) {
    ASSERT_EQ(::setenv("NOTIFY_SOCKET", name.c_str(), 1), 0);
    TellServiceManager(kServiceIsReady);
  }
  ASSERT_EQ(::unsetenv("NOTIFY_SOCKET"), 0);
}

}  // namespace
}  // namespace podnamed::base
