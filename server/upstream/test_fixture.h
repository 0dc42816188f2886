// For the tests of this room: an Upstream and the name server that it asks, in one io_context and one thread.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "gtest/gtest.h"
#include "server/base/ip_address.h"
#include "server/dns/name.h"
#include "server/upstream/query_message.h"
#include "server/upstream/test_name_server.h"
#include "server/upstream/upstream.h"

namespace podnamed::upstream {

inline constexpr std::chrono::seconds kPatience{20};
// Long enough to hold 0x20 bits of which no two draws are alike.
inline constexpr std::string_view kName = "Www.A-Rather-Long-Name.Of-Some.Example.Com";

inline Question QuestionFor(std::string_view name) {
  return {.name = dns::Name::FromText(name).value(), .type = dns::RecordType::kA};
}

class UpstreamTest : public ::testing::Test {
 protected:
  // One question, from being asked to its reply.
  struct Asked {
    std::optional<Reply> reply;
    std::exception_ptr failure;
    boost::asio::cancellation_signal cancel;
  };

  void SetUp() override { MakeServer(); }

  void MakeServer(std::string_view address = "127.0.0.1", boost::asio::ssl::context* tls = nullptr) {
    replaced_ = std::move(server_);
    server_ = std::make_unique<TestNameServer>(*io_, address, tls);
    options_.address = *base::ParseIpAddress(address);
    options_.port = server_->port();
  }

  Upstream& upstream() {
    if (upstream_ == nullptr) upstream_ = std::make_unique<Upstream>(io_->get_executor(), options_);
    return *upstream_;
  }

  std::shared_ptr<Asked> Start(Question question, Transport transport, std::chrono::milliseconds patience = kPatience) {
    auto asked = std::make_shared<Asked>();
    boost::asio::co_spawn(*io_, upstream().Ask(std::move(question), transport, Upstream::Clock::now() + patience),
                          boost::asio::bind_cancellation_slot(asked->cancel.slot(),
                                                              [asked](const std::exception_ptr& failure, Reply reply) {
                                                                asked->failure = failure;
                                                                asked->reply = std::move(reply);
                                                              }));
    return asked;
  }
  Reply Finish(const std::shared_ptr<Asked>& asked) {
    RunUntil([&asked] { return asked->reply.has_value(); });
    if (!asked->reply.has_value()) return Reply{.why = "the test waited too long"};
    EXPECT_FALSE(asked->failure);
    return *asked->reply;
  }
  Reply Ask(Question question, Transport transport) { return Finish(Start(std::move(question), transport)); }
  Reply AskUdp(std::string_view name = kName) { return Ask(QuestionFor(name), Transport::kUdp); }
  Reply AskTcp(std::string_view name = kName) { return Ask(QuestionFor(name), Transport::kTcp); }

  void RunUntil(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!holds() && std::chrono::steady_clock::now() < deadline) io_->run_one_for(std::chrono::milliseconds(100));
    EXPECT_TRUE(holds());
  }

  const Counters& counters() { return *upstream().counters(); }
  uint64_t hits(Transport transport) { return counters().connection_hits[static_cast<size_t>(transport)].value(); }
  uint64_t misses(Transport transport) { return counters().connection_misses[static_cast<size_t>(transport)].value(); }

  std::unique_ptr<boost::asio::io_context> io_ = std::make_unique<boost::asio::io_context>(1);
  Options options_;
  std::unique_ptr<TestNameServer> replaced_;  // the io_context still knows it
  std::unique_ptr<TestNameServer> server_;
  std::unique_ptr<Upstream> upstream_;
};

// What the server answers to kName, or to `name`, with these very letters and id 0.
inline ::testing::AssertionResult Answers(const Reply& reply, std::string_view name = kName, uint8_t last = 1) {
  const QueryMessage asked(QuestionFor(name));
  const Octets query(asked.octets().begin(), asked.octets().end());
  if (reply.ok() && reply.message == Answer(query, last)) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << NameOf(reply.outcome) << " " << reply.why << ", " << reply.message.size()
                                       << " octets";
}

}  // namespace podnamed::upstream
