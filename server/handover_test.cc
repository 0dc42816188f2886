#include "server/handover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/synchronization/notification.h"

namespace podnamed {
namespace {

constexpr std::chrono::seconds kPatience(20);

base::UniqueFd OpenUdp() {
  base::UniqueFd fd(socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

class Handover : public testing::Test {
 public:
  Handover() = default;

 protected:
  void SetUp() override { std::filesystem::create_directory(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<HandoverServer> Start(int sockets) {
    auto server = HandoverServer::Start(
        path_,
        [sockets] {
          std::vector<base::UniqueFd> made;
          for (int i = 0; i < sockets; ++i) made.push_back(OpenUdp());
          return made;
        },
        [this] { relieved_.Notify(); });
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  const std::string directory_ = testing::TempDir() + "handover-" + std::to_string(getpid());
  const std::string path_ = directory_ + "/socket";
  absl::Notification relieved_;
};

TEST_F(Handover, GivesEverySocketAndEndsWhenRelieved) {
  for (const int count : {0, 1, 450}) {
    auto server = Start(count);
    auto predecessor = Predecessor::Meet(path_);
    ASSERT_TRUE(predecessor.ok() && *predecessor) << predecessor.status();
    base::PassedSockets sockets;
    const absl::Status asked = (*predecessor)->AskForSockets(sockets);
    ASSERT_TRUE(asked.ok()) << asked;
    EXPECT_EQ(sockets.Left().size(), static_cast<size_t>(count));
    EXPECT_FALSE((*predecessor)->HasGone());
    EXPECT_FALSE(server->is_relieved());
    if (count < 450) continue;
    std::thread old([&] {
      relieved_.WaitForNotification();
      server.reset();
    });
    EXPECT_TRUE((*predecessor)->Relieve(kPatience).ok());
    old.join();
    EXPECT_TRUE(std::filesystem::exists(path_)) << "it is the successor's to replace";
    EXPECT_NE(Start(0), nullptr);
  }
}

TEST_F(Handover, NobodyIsThere) {
  auto nobody = Predecessor::Meet(path_);
  ASSERT_TRUE(nobody.ok()) << nobody.status();
  EXPECT_FALSE(*nobody);
  Start(0).reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_FALSE(Predecessor::Meet(std::string(200, 'x')).ok());
  EXPECT_FALSE(HandoverServer::Start(directory_ + "/none/socket", nullptr, nullptr).ok());
}

TEST_F(Handover, ASuccessorThatGoesChangesNothing) {
  auto server = Start(1);
  for (int i = 0; i < 3; ++i) {
    auto predecessor = Predecessor::Meet(path_);
    ASSERT_TRUE(predecessor.ok() && *predecessor) << predecessor.status();
    base::PassedSockets sockets;
    EXPECT_TRUE((*predecessor)->AskForSockets(sockets).ok());
  }
  EXPECT_FALSE(server->is_relieved());
}

TEST_F(Handover, APredecessorThatGoesIsMissedAndLeavesNothing) {
  auto server = Start(1);
  auto predecessor = Predecessor::Meet(path_);
  ASSERT_TRUE(predecessor.ok() && *predecessor) << predecessor.status();
  server.reset();
  EXPECT_TRUE((*predecessor)->HasGone());
  base::PassedSockets sockets;
  EXPECT_TRUE((*predecessor)->AskForSockets(sockets).ok());
  EXPECT_THAT(sockets.Left(), testing::IsEmpty());
  EXPECT_TRUE((*predecessor)->Relieve(kPatience).ok());
}

TEST_F(Handover, APredecessorThatHangsIsNotWaitedForLongerThanAllowed) {
  auto server = Start(1);
  auto predecessor = Predecessor::Meet(path_);
  ASSERT_TRUE(predecessor.ok() && *predecessor) << predecessor.status();
  base::PassedSockets sockets;
  ASSERT_TRUE((*predecessor)->AskForSockets(sockets).ok());
  EXPECT_EQ((*predecessor)->Relieve(std::chrono::milliseconds(20)).code(), absl::StatusCode::kDeadlineExceeded);
  relieved_.WaitForNotification();
}

}  // namespace
}  // namespace podnamed
