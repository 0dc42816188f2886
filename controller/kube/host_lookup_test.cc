#include "controller/kube/host_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <memory>

#include "absl/synchronization/notification.h"

namespace podnamed::kube {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::ElementsAre;

class HostLookupTest : public ::testing::Test {
 protected:
  // A name server that is silent until the test lets it speak.
  struct Server {
    absl::Notification speaks;
    std::atomic<int> questions = 0;
  };
  void TearDown() override {
    if (!server_->speaks.HasBeenNotified()) server_->speaks.Notify();
  }

  HostLookup MakeLookup() {
    return HostLookup("api", [server = server_](const std::string& host) -> HostLookup::Addresses {
      ++server->questions;
      server->speaks.WaitForNotification();
      if (host != "api") return absl::UnavailableError("not known");
      return std::vector{asio::ip::make_address("10.0.0.1")};
    });
  }

  HostLookup::Addresses Find(HostLookup& lookup, std::chrono::milliseconds deadline) {
    auto found = asio::co_spawn(context_, lookup.Find(deadline), asio::use_future);
    context_.restart();
    context_.run();
    return found.get();
  }

  const std::shared_ptr<Server> server_ = std::make_shared<Server>();
  asio::io_context context_;
};

TEST_F(HostLookupTest, AsksTheSystem) {
  HostLookup lookup("127.0.0.1");
  const auto found = Find(lookup, 10s);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, ElementsAre(asio::ip::make_address("127.0.0.1")));
}

TEST_F(HostLookupTest, WhoWaitsAgainGetsTheAnswerThatWasLate) {
  HostLookup lookup = MakeLookup();
  EXPECT_TRUE(absl::IsDeadlineExceeded(Find(lookup, 1ms).status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(Find(lookup, 1ms).status()));
  server_->speaks.Notify();
  const auto found = Find(lookup, 10s);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, ElementsAre(asio::ip::make_address("10.0.0.1")));
  EXPECT_EQ(server_->questions, 1);
  EXPECT_TRUE(Find(lookup, 10s).ok());
  EXPECT_EQ(server_->questions, 2) << "an answer is not kept";
}

TEST_F(HostLookupTest, WaitsForNobodyWhenItIsCancelled) {
  HostLookup lookup = MakeLookup();
  asio::cancellation_signal cancel;
  bool has_ended = false;
  asio::co_spawn(context_, lookup.Find(1h),
                 asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr&,
                                                                 const HostLookup::Addresses&) { has_ended = true; }));
  context_.run_for(20ms);
  cancel.emit(asio::cancellation_type::terminal);
  context_.restart();
  context_.run_for(10s);
  EXPECT_TRUE(has_ended);
}

}  // namespace
}  // namespace podnamed::kube
