#include "server/admin/inspect_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "proto/podnamed/inspect/v1/inspect.grpc.pb.h"
#include "server/admin/test_subject.h"
#include "server/testing/entities.h"

namespace podnamed::admin {
namespace {

namespace v1 = inspect::v1;
using podnamed::testing::Headless;
using podnamed::testing::Pod;
using ::testing::EndsWith;
using ::testing::StartsWith;

class InspectServerTest : public ::testing::Test {
 protected:
  InspectServerTest() {
    std::string directory = (std::filesystem::temp_directory_path() / "inspect_server_test.XXXXXX").string();
    directory_ = ::mkdtemp(directory.data());
    cluster_.Publish({NamespaceNamed("default"), Headless("nginx"), Pod("nginx", "web-0", {"10.0.0.1"})});
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string SocketPath() const { return directory_ + "/inspect.sock"; }
  std::string UnixAddress() const { return "unix://" + SocketPath(); }

  std::unique_ptr<InspectServer> Start(const std::string& address) {
    absl::StatusOr<std::unique_ptr<InspectServer>> server = InspectServer::Start(cluster_.subject(), address);
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *std::move(server) : nullptr;
  }
  static std::unique_ptr<v1::Inspect::Stub> Dial(const std::string& address) {
    return v1::Inspect::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  }

  std::string directory_;
  TestSubject cluster_;
};

TEST_F(InspectServerTest, TheSocketIsForItsOwnerAndGoesWithTheServer) {
  auto server = Start(UnixAddress());
  struct stat info;
  ASSERT_EQ(::stat(SocketPath().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600);
  server.reset();
  EXPECT_FALSE(std::filesystem::exists(SocketPath()));
}

TEST_F(InspectServerTest, WhatCannotBeIsOneSentence) {
  const auto server = Start(UnixAddress());
  const auto error_of = [&](const std::string& address) {
    return std::string(InspectServer::Start(cluster_.subject(), address).status().message());
  };
  EXPECT_THAT(error_of(UnixAddress()), EndsWith(": another process listens there"));
  EXPECT_THAT(error_of("unix:///nowhere/inspect.sock"), EndsWith(": No such file or directory"));
}

TEST_F(InspectServerTest, ServesOverTcpWhereAskedTo) {
  const auto server = Start("127.0.0.1:0");
  ASSERT_THAT(server->address(), StartsWith("127.0.0.1:"));
  grpc::ClientContext context;
  v1::StatusResponse response;
  ASSERT_TRUE(Dial(server->address())->Status(&context, {}, &response).ok());
  EXPECT_EQ(response.workers(), 2);
}

TEST_F(InspectServerTest, ShutdownEndsAWatchSoon) {
  auto server = Start(UnixAddress());
  const auto stub = Dial(UnixAddress());
  grpc::ClientContext context;
  const auto reader = stub->Watch(&context, {});
  v1::WatchResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.position().revision(), 1);
  const absl::Time before = absl::Now();
  server->Shutdown();
  EXPECT_LT(absl::Now() - before, absl::Seconds(3));
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(InspectServerTest, ShutdownWaitsForNoController) {
  // Takes connections and says nothing.
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string path = directory_ + "/feed.sock";
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  Subject subject = cluster_.subject();
  subject.clusters[0].controller = grpc::CreateChannel("unix:" + path, grpc::InsecureChannelCredentials());
  const auto server = InspectServer::Start(std::move(subject), UnixAddress()).value();

  std::thread caller([&] {
    grpc::ClientContext context;
    v1::ExplainRequest request;
    request.set_name("web-0.nginx");
    v1::ExplainResponse response;
    Dial(UnixAddress())->Explain(&context, request, &response);
  });
  const int connection = ::accept(listener, nullptr, nullptr);  // now the controller is asked
  const absl::Time before = absl::Now();
  server->Shutdown();
  EXPECT_LT(absl::Now() - before, absl::Seconds(1));
  caller.join();
  ::close(connection);
  ::close(listener);
}

TEST_F(InspectServerTest, AWatchWhoseClientWentAwayIsOver) {
  const auto server = Start(UnixAddress());
  for (int i = 0; i < 40; ++i) {  // more than may watch at once
    const auto stub = Dial(UnixAddress());
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    bool has_begun = false;
    while (!has_begun && absl::Now() < deadline) {
      grpc::ClientContext context;
      const auto reader = stub->Watch(&context, {});
      v1::WatchResponse response;
      has_begun = reader->Read(&response);
      context.TryCancel();
      reader->Finish();
    }
    ASSERT_TRUE(has_begun) << i;
  }
}

}  // namespace
}  // namespace podnamed::admin
