#include "controller/feed/feed_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/sync_stream.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "controller/feed/feed_log.h"
#include "controller/feed/feed_service.h"
#include "controller/feed/origin_service.h"

namespace podnamed::controller {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class FeedServerTest : public testing::Test {
 protected:
  FeedServerTest() {
    std::string directory = (std::filesystem::temp_directory_path() / "feed_server_test.XXXXXX").string();
    directory_ = ::mkdtemp(directory.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string SocketPath() const { return directory_ + "/feed.sock"; }
  std::string UnixAddress() const { return "unix://" + SocketPath(); }

  std::unique_ptr<FeedServer> Start(FeedService& service, const std::vector<std::string>& addresses) {
    absl::StatusOr<std::unique_ptr<FeedServer>> server = FeedServer::Start(service, addresses);
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *std::move(server) : nullptr;
  }

  std::string ErrorOf(const std::vector<std::string>& addresses) {
    FeedService service(log_);
    return std::string(FeedServer::Start(service, addresses).status().message());
  }

  std::string directory_;
  FeedLog log_{RandomEpoch()};
  FeedService service_{log_};
};

// One request and its first answer, as octets.
std::string Call(const std::shared_ptr<grpc::Channel>& channel, const char* method, const std::string& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  const grpc::internal::RpcMethod rpc(method, grpc::internal::RpcMethod::BIDI_STREAMING);
  const std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream(
      grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(channel.get(), rpc,
                                                                                            &context));
  const grpc::Slice slice(request);
  stream->Write(grpc::ByteBuffer(&slice, 1));
  stream->WritesDone();
  grpc::ByteBuffer response;
  if (!stream->Read(&response)) return stream->Finish().error_message();
  grpc::Slice whole;
  response.DumpToSingleSlice(&whole);
  return {reinterpret_cast<const char*>(whole.begin()), whole.size()};
}

TEST_F(FeedServerTest, AnswersHealthAndReflectionEverywhere) {
  const auto server = Start(service_, {UnixAddress(), "127.0.0.1:0"});
  ASSERT_NE(server, nullptr);
  std::vector<std::shared_ptr<grpc::Channel>> channels = {server->InProcessChannel()};
  for (const std::string& address : server->addresses()) {
    channels.push_back(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  }
  for (const auto& channel : channels) {
    const std::string serving = "\x08\x01";  // HealthCheckResponse{status: SERVING}
    EXPECT_EQ(Call(channel, "/grpc.health.v1.Health/Check", ""), serving);
    EXPECT_EQ(Call(channel, "/grpc.health.v1.Health/Check", "\x0a\x15podnamed.feed.v1.Feed"), serving);
    const std::string list_services("\x3a\x00", 2);  // ServerReflectionRequest{list_services: ""}
    EXPECT_THAT(Call(channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", list_services),
                HasSubstr("podnamed.feed.v1.Feed"));
    const std::string symbol = "\x22\x15podnamed.feed.v1.Feed";  // file_containing_symbol
    EXPECT_THAT(Call(channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", symbol),
                HasSubstr("PodIdentity"));
  }
}

TEST_F(FeedServerTest, TellsWhereARecordComesFrom) {
  feed::v1::Record record;
  record.mutable_namespace_()->set_name("shop");
  const absl::Time noon = absl::FromUnixSeconds(1'800'000'000);
  log_.Replace({record}, noon);
  OriginService origin(log_, [](const feed::v1::Key& key) { return "d/" + key.name() + ".yaml:1:1"; });
  absl::StatusOr<std::unique_ptr<FeedServer>> server = FeedServer::Start(service_, {}, {&origin});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto stub = origin::v1::Origin::NewStub((*server)->InProcessChannel());
  origin::v1::LocateRequest request;
  request.mutable_key()->set_kind(feed::v1::Key::NAMESPACE);
  request.mutable_key()->set_name("shop");
  origin::v1::LocateResponse response;
  grpc::ClientContext found;
  ASSERT_TRUE(stub->Locate(&found, request, &response).ok());
  EXPECT_EQ(response.place(), "d/shop.yaml:1:1");
  EXPECT_EQ(response.revision(), 1);
  EXPECT_EQ(response.epoch(), std::string(log_.epoch().begin(), log_.epoch().end()));
  EXPECT_EQ(response.changed_at().seconds(), absl::ToUnixSeconds(noon));
  request.mutable_key()->set_name("none");
  grpc::ClientContext missing;
  const grpc::Status status = stub->Locate(&missing, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "there is no namespace none");
}

TEST_F(FeedServerTest, TheSocketIsForOwnerAndGroupAndGoesWithTheServer) {
  auto server = Start(service_, {UnixAddress()});
  struct stat info;
  ASSERT_EQ(::stat(SocketPath().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660);
  server.reset();
  EXPECT_FALSE(std::filesystem::exists(SocketPath()));
}

TEST_F(FeedServerTest, ASocketInUseIsNotTakenOver) {
  const auto server = Start(service_, {UnixAddress()});
  EXPECT_EQ(ErrorOf({UnixAddress()}), "cannot listen on " + UnixAddress() + ": another process listens there");
  EXPECT_EQ(
      Call(grpc::CreateChannel(UnixAddress(), grpc::InsecureChannelCredentials()), "/grpc.health.v1.Health/Check", ""),
      "\x08\x01");
}

TEST_F(FeedServerTest, ASocketThatADeadProcessLeftIsReplaced) {
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  SocketPath().copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(dead, 1), 0);
  ::close(dead);
  ASSERT_TRUE(std::filesystem::exists(SocketPath()));
  EXPECT_NE(Start(service_, {UnixAddress()}), nullptr);
}

TEST_F(FeedServerTest, AFileThatIsNoSocketStays) {
  std::ofstream(SocketPath()) << "precious";
  EXPECT_THAT(ErrorOf({UnixAddress()}), EndsWith(": there is a file that is not a socket"));
  EXPECT_EQ(std::filesystem::file_size(SocketPath()), 8);
}

TEST_F(FeedServerTest, APortInUseIsOneSentence) {
  const auto server = Start(service_, {"127.0.0.1:0"});
  ASSERT_NE(server, nullptr);
  EXPECT_THAT(server->addresses()[0], StartsWith("127.0.0.1:"));
  EXPECT_EQ(ErrorOf(server->addresses()), "cannot listen on " + server->addresses()[0] + ": Address already in use");
}

TEST_F(FeedServerTest, EveryAddressThatCannotBeIsNamedWithItsReason) {
  EXPECT_THAT(ErrorOf({"unix://" + directory_ + "/none/feed.sock"}), EndsWith(": No such file or directory"));
  EXPECT_THAT(ErrorOf({"unix:/" + std::string(200, 'x')}), HasSubstr("at most 107 characters"));
  EXPECT_THAT(ErrorOf({"192.0.2.1:0"}), EndsWith(": Cannot assign requested address"));
  EXPECT_EQ(ErrorOf({"feed.sock"}), "cannot listen on 'feed.sock': an address is unix:PATH, HOST:PORT or :PORT");
}

}  // namespace
}  // namespace podnamed::controller
