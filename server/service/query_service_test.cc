#include "server/service/query_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "server/plugins/chaos.h"
#include "server/plugins/kubernetes.h"
#include "server/state/snapshot_builder.h"
#include "server/testing/dns_message.h"
#include "server/testing/entities.h"

namespace podnamed::service {
namespace {

using dns::Rcode;
using dns::RecordType;
using ::testing::ElementsAre;
using ::testing::SizeIs;

dns::Name Zone(std::string_view text) { return dns::Name::FromText(text).value().Folded(); }

class QueryServiceTest : public ::testing::Test {
 protected:
  QueryServiceTest() {
    chain_.push_back(std::make_unique<plugins::Kubernetes>(resolver_, holder_));
    service_.emplace(std::vector<ServedZone>{
        {Zone("local"), &empty_chain_}, {Zone("cluster.local"), &chain_}, {Zone("example"), &chain_}});
    state::SnapshotBuilder builder;
    std::vector<state::Op> ops = {state::Namespace{"default", 0}, testing::Headless("nginx")};
    for (int i = 0; i < 100; ++i) {
      ops.push_back(testing::Pod("nginx", "web-" + std::to_string(i), {"10.0.0." + std::to_string(i)}));
    }
    builder.Add(std::move(ops));
    holder_.Publish(builder.Build({}, absl::UnixEpoch()));
  }

  net::Verdict Handle(const std::vector<uint8_t>& packet, net::Transport transport = net::Transport::kUdp) {
    return service_->Handle({.message = packet, .client = {}, .client_port = 1053, .transport = transport},
                            absl::MakeSpan(buffer_), size_);
  }
  testing::Message Ask(std::string_view name, RecordType type, const testing::QueryOptions& options = {},
                       net::Transport transport = net::Transport::kUdp) {
    EXPECT_EQ(Handle(testing::MakeQuery(name, type, options), transport), net::Verdict::kReply);
    return testing::ParseMessage(absl::MakeSpan(buffer_).first(size_)).value();
  }

  state::SnapshotHolder holder_;
  resolve::Resolver resolver_{{.zones = {Zone("cluster.local")}, .server_ipv4 = {}, .server_ipv6 = {}}};
  plugins::PluginChain chain_;
  plugins::PluginChain empty_chain_;
  std::optional<QueryService> service_;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(dns::kMaxMessageLength);
  size_t size_ = 0;
};

TEST_F(QueryServiceTest, AnswersWithAuthority) {
  const testing::Message reply = Ask("web-7.nginx.default.svc.cluster.local.", RecordType::kA, {.id = 77});
  EXPECT_EQ(reply.id, 77);
  EXPECT_EQ(reply.rcode, Rcode::kNoError);
  EXPECT_TRUE(reply.authoritative);
  EXPECT_FALSE(reply.recursion_available);
  EXPECT_THAT(reply.answer, ElementsAre("web-7.nginx.default.svc.cluster.local. 5 IN A 10.0.0.7"));
}

TEST_F(QueryServiceTest, TheLongestZoneDecidesAndItsAnswerIsFinal) {
  EXPECT_EQ(Ask("no.cluster.local.", RecordType::kA).rcode, Rcode::kNxDomain);
  EXPECT_EQ(Ask("other.local.", RecordType::kA).rcode, Rcode::kServFail) << "its block has no plugin that knows";
  EXPECT_EQ(Ask("www.example.", RecordType::kA).rcode, Rcode::kServFail) << "kubernetes passes on what is not its zone";
  EXPECT_EQ(Ask("example.com.", RecordType::kA).rcode, Rcode::kRefused) << "no block";
  EXPECT_FALSE(Ask("example.com.", RecordType::kA).authoritative);
}

// Notes what it is told of.
class Expectant : public plugins::Plugin {
 public:
  plugins::Next OnQuery(plugins::Exchange&) override { return plugins::Next::kPass; }
  bool LooksAhead() const override { return true; }
  void LookAhead(const dns::QueryName& name) override { told_.push_back(dns::NameToText(name.folded())); }
  void Fetch() override { told_.emplace_back("fetch"); }
  const std::vector<std::string>& told() const { return told_; }

 private:
  std::vector<std::string> told_;
};

TEST_F(QueryServiceTest, TellsPluginsOfTheNamesThatCome) {
  auto owned = std::make_unique<Expectant>();
  const Expectant& expectant = *owned;
  chain_.insert(chain_.begin(), std::move(owned));
  service_.emplace(std::vector<ServedZone>{{Zone("cluster.local"), &chain_}, {Zone("example"), &chain_}});
  const std::vector<uint8_t> first = testing::MakeQuery("Web-1.nginx.default.svc.cluster.local.", RecordType::kA);
  const std::vector<uint8_t> second = testing::MakeQuery("7.0.0.10.in-addr.arpa.", RecordType::kPtr);
  const std::vector<uint8_t> odd = testing::MakeQuery("arpa.", RecordType::kA);
  const std::vector<uint8_t> cut(first.begin(), first.begin() + 20);
  const std::vector<uint8_t> empty;
  std::vector<net::Request> requests;
  for (const auto* packet : {&first, &cut, &second, &empty, &odd})
    requests.push_back({.message = *packet, .client = {}});
  service_->LookAhead(requests);
  EXPECT_THAT(expectant.told(),
              ElementsAre("web-1.nginx.default.svc.cluster.local.", "7.0.0.10.in-addr.arpa.", "arpa.", "fetch"));
}

TEST_F(QueryServiceTest, OtherClassesAreRefused) {
  EXPECT_EQ(Ask("version.bind.", RecordType::kTxt, {.record_class = dns::RecordClass::kCh}).rcode, Rcode::kRefused);
  EXPECT_EQ(
      Ask("web-7.nginx.default.svc.cluster.local.", RecordType::kA, {.record_class = dns::RecordClass::kCh}).rcode,
      Rcode::kRefused);
}

TEST_F(QueryServiceTest, CountsWhatItRefusesAndNotWhatItCannotRead) {
  plugins::QueryCounts refused;
  service_.emplace(std::vector<ServedZone>{{Zone("cluster.local"), &chain_}}, &refused);
  Ask("web-7.nginx.default.svc.cluster.local.", RecordType::kA);
  Ask("example.com.", RecordType::kA);
  Ask("version.bind.", RecordType::kTxt, {.record_class = dns::RecordClass::kCh});
  std::vector<uint8_t> packet = testing::MakeQuery("example.com.", RecordType::kA);
  packet.resize(packet.size() - 3);
  Handle(packet);
  std::vector<std::string> responses;
  refused.ForEachResponse([&](std::string_view plugin, Rcode rcode, uint64_t count) {
    responses.push_back(std::string(plugin) + "/" + std::string(dns::NameOf(rcode)) + " " + std::to_string(count));
  });
  EXPECT_THAT(responses, ElementsAre("/REFUSED 2"));
  EXPECT_EQ(refused.durations().bucket(0), 2);
}

TEST_F(QueryServiceTest, AWideAnswerIsCutToWhatTheClientTakes) {
  const std::string_view name = "nginx.default.svc.cluster.local.";
  const testing::Message plain = Ask(name, RecordType::kA);
  EXPECT_TRUE(plain.truncated);
  EXPECT_LE(size_, dns::kMinUdpLimit);
  const testing::Message edns = Ask(name, RecordType::kA, {.edns_size = 4096});
  EXPECT_TRUE(edns.truncated);
  EXPECT_LE(size_, dns::kDefaultUdpLimit);
  EXPECT_GT(edns.answer.size(), plain.answer.size());
  const testing::Message tcp = Ask(name, RecordType::kA, {}, net::Transport::kTcp);
  EXPECT_FALSE(tcp.truncated);
  EXPECT_THAT(tcp.answer, SizeIs(100));
}

TEST_F(QueryServiceTest, WhatIsNoQueryGetsTheRightRefusalOrNothing) {
  std::vector<uint8_t> packet = testing::MakeQuery("web-7.nginx.default.svc.cluster.local.", RecordType::kA);
  std::vector<uint8_t> response = packet;
  response[2] |= 0x80;  // QR
  EXPECT_EQ(Handle(response), net::Verdict::kDrop);
  EXPECT_EQ(Handle({1, 2, 3}), net::Verdict::kDrop);
  std::vector<uint8_t> status = packet;
  status[2] = 2 << 3;  // opcode STATUS
  EXPECT_EQ(Handle(status), net::Verdict::kReply);
  EXPECT_EQ(testing::ParseMessage(absl::MakeSpan(buffer_).first(size_))->rcode, Rcode::kNotImp);
  packet.resize(packet.size() - 3);
  EXPECT_EQ(Handle(packet), net::Verdict::kReply);
  EXPECT_EQ(testing::ParseMessage(absl::MakeSpan(buffer_).first(size_))->rcode, Rcode::kFormErr);
}

TEST_F(QueryServiceTest, OtherClassesEnterWhereAPluginTakesThem) {
  const config::ChaosOptions options = {.version = "test", .authors = {}};
  plugins::PluginChain chaos;
  chaos.push_back(std::make_unique<plugins::Chaos>(options));
  service_.emplace(std::vector<ServedZone>{{Zone("bind"), &chaos}, {Zone("cluster.local"), &chain_}});
  const testing::QueryOptions ch = {.record_class = dns::RecordClass::kCh};
  EXPECT_THAT(Ask("version.bind.", RecordType::kTxt, ch).answer, ElementsAre("version.bind. 0 CH TXT \"test\""));
  EXPECT_EQ(Ask("web-7.nginx.default.svc.cluster.local.", RecordType::kA, ch).rcode, Rcode::kServFail)
      << "kubernetes knows class IN alone";
}

// A plugin that does what the test says, and writes down what it sees.
class TestPlugin : public plugins::Plugin {
 public:
  TestPlugin(std::string name, std::vector<std::string>& events) : name_(std::move(name)), events_(events) {}

  std::string_view name() const override { return name_; }
  plugins::Next OnQuery(plugins::Exchange& exchange) override {
    events_.push_back(name_ + " " + dns::NameToText(exchange.query->name.original()));
    if (on_query) return on_query(exchange);
    if (next == plugins::Next::kDone) Answer(exchange);
    if (next == plugins::Next::kLater) waiting.push_back(&exchange);
    return next;
  }
  void OnReply(plugins::Exchange& exchange) override {
    events_.push_back(name_ + " sees " + std::string(dns::NameOf(exchange.rcode)));
  }
  void OnSent(const plugins::Exchange& exchange, size_t size) override {
    events_.push_back(name_ + (size > 0 ? " sent " : " dropped ") + std::string(exchange.answered_by));
    error = exchange.error;
    if (on_sent) on_sent(exchange);
  }
  bool WantsBatches() const override { return wants_batches; }
  void OnBatchSent() override { events_.push_back(name_ + ": a batch"); }

  void Answer(plugins::Exchange& exchange) const {
    exchange.rcode = Rcode::kNoError;
    exchange.answered_by = name_;
  }

  plugins::Next next = plugins::Next::kPass;
  std::function<plugins::Next(plugins::Exchange&)> on_query;  // instead
  std::function<void(const plugins::Exchange&)> on_sent;      // besides
  bool wants_batches = false;
  std::string error;  // that the last exchange ended with
  std::vector<plugins::Exchange*> waiting;

 private:
  const std::string name_;
  std::vector<std::string>& events_;
};

class ChainTest : public ::testing::Test, public net::ReplyPathMaker {
 protected:
  ChainTest() {
    for (const char* name : {"first", "second", "third"}) {
      auto plugin = std::make_unique<TestPlugin>(name, events_);
      plugins_.push_back(plugin.get());
      chain_.push_back(std::move(plugin));
    }
    service_.emplace(std::vector<ServedZone>{{Zone("."), &chain_}});
  }

  net::Verdict Ask(std::string_view name) {
    events_.clear();
    std::vector<uint8_t> packet = testing::MakeQuery(name, RecordType::kA, {.id = next_id_++});
    const net::Verdict verdict = service_->Handle(
        {.message = packet, .client = {}, .client_port = 1053, .transport = net::Transport::kUdp, .later = this},
        absl::MakeSpan(buffer_), size_);
    packet.assign(packet.size(), 0xFF);  // nobody looks at it any more
    return verdict;
  }
  std::unique_ptr<net::ReplyPath> MakeReplyPath(const net::Request&) override {
    class Path : public net::ReplyPath {
     public:
      explicit Path(ChainTest& test) : test_(test) {}
      void Send(absl::Span<const uint8_t> message) override { test_.replies_.push_back(TextOf(message)); }
      void SendPart(absl::Span<const uint8_t> message, absl::AnyInvocable<void(bool)> next) override {
        test_.replies_.push_back("part " + TextOf(message));
        test_.next_part_ = std::move(next);
      }

     private:
      static std::string TextOf(absl::Span<const uint8_t> message) {
        const testing::Message reply = testing::ParseMessage(message).value();
        return std::to_string(reply.id) + " " + reply.questions.at(0) + " " + std::string(dns::NameOf(reply.rcode));
      }

      ChainTest& test_;
    };
    return std::make_unique<Path>(*this);
  }

  std::vector<std::string> events_;
  std::vector<std::string> replies_;
  absl::AnyInvocable<void(bool)> next_part_;
  plugins::PluginChain chain_;
  std::vector<TestPlugin*> plugins_;
  std::optional<QueryService> service_;
  uint16_t next_id_ = 1;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(dns::kMaxMessageLength);
  size_t size_ = 0;
};

// A server block for one type of queries.
class ForType : public plugins::Plugin {
 public:
  explicit ForType(RecordType type) : type_(type) {}

  plugins::Next OnQuery(plugins::Exchange&) override { return plugins::Next::kPass; }
  bool is_condition() const override { return true; }
  bool Holds(const plugins::Exchange& exchange, const net::Request*) override {
    asked_at.push_back(exchange.entrance->server);
    return exchange.asked.type == type_;
  }

  std::vector<std::string> asked_at;

 private:
  const RecordType type_;
};

TEST_F(ChainTest, OfAZonesBlocksTheFirstThatIsForTheQueryIsAsked) {
  const plugins::Entrance entrances[] = {{"conditional", "a."}, {"other", "a."}, {"shorter", "."}};
  plugins::PluginChain conditional;
  plugins::PluginChain other;
  for (plugins::PluginChain* chain : {&conditional, &other}) {
    chain->push_back(std::make_unique<ForType>(chain == &other ? RecordType::kMx : RecordType::kTxt));
    auto plugin = std::make_unique<TestPlugin>(chain == &other ? "MX" : "TXT", events_);
    plugin->next = plugins::Next::kDone;
    chain->push_back(std::move(plugin));
  }
  plugins_[0]->next = plugins::Next::kDone;
  service_.emplace(std::vector<ServedZone>{{Zone("."), &chain_, &entrances[2]},
                                           {Zone("a."), &conditional, &entrances[0]},
                                           {Zone("a."), &other, &entrances[1]}});
  const auto answered_by = [&](RecordType type) {
    events_.clear();
    const std::vector<uint8_t> packet = testing::MakeQuery("www.a.", type);
    EXPECT_EQ(service_->Handle({.message = packet, .client = {}, .client_port = 1053}, absl::MakeSpan(buffer_), size_),
              net::Verdict::kReply);
    return events_.at(0);
  };
  EXPECT_EQ(answered_by(RecordType::kTxt), "TXT www.a.");
  EXPECT_EQ(answered_by(RecordType::kMx), "MX www.a.");
  EXPECT_EQ(answered_by(RecordType::kA), "first www.a.") << "none is for it: a shorter zone";
  EXPECT_THAT(static_cast<ForType&>(*other[0]).asked_at, ElementsAre("other", "other"));
}

TEST_F(ChainTest, TheReplyGoesBackThroughThoseThatPassedTheQueryOn) {
  plugins_[1]->next = plugins::Next::kDone;
  EXPECT_EQ(Ask("a."), net::Verdict::kReply);
  EXPECT_THAT(events_, ElementsAre("first a.", "second a.", "first sees NOERROR", "first sent second",
                                   "second sent second", "third sent second"));
}

TEST_F(ChainTest, NobodyKnows) {
  EXPECT_EQ(Ask("a."), net::Verdict::kReply);
  EXPECT_EQ(testing::ParseMessage(absl::MakeSpan(buffer_).first(size_))->rcode, Rcode::kServFail);
  EXPECT_THAT(events_, ::testing::Contains("third sees SERVFAIL"));
  EXPECT_EQ(plugins_[0]->error, "plugin/third: no next plugin found");
  plugins_[0]->next = plugins::Next::kDone;
  Ask("b.");
  EXPECT_EQ(plugins_[0]->error, "") << "of the query before";
}

TEST_F(ChainTest, PluginsThatTellKnowWhatWasWritten) {
  const plugins::Entrance entrance{"dns://:53", ".", 7};
  service_.emplace(std::vector<ServedZone>{{Zone("."), &chain_, &entrance}});
  plugins_[0]->next = plugins::Next::kDone;
  plugins_[0]->on_sent = [&](const plugins::Exchange& exchange) {
    EXPECT_EQ(exchange.entrance, &entrance);
    EXPECT_EQ(exchange.query_size, 12 + 3 + 4);  // header, name, type and class
    EXPECT_EQ(exchange.reply_flags, dns::kResponseFlag | dns::kRecursionDesiredFlag);
    EXPECT_EQ(exchange.started, std::chrono::steady_clock::time_point());
    events_.push_back("looked");
  };
  Ask("a.");
  EXPECT_THAT(events_, ::testing::Contains("looked"));
}

TEST_F(ChainTest, ThoseWhoWantBatchesAreToldOnce) {
  plugins_[1]->wants_batches = true;
  service_.emplace(std::vector<ServedZone>{{Zone("."), &chain_}, {Zone("a."), &chain_}});
  service_->OnBatchSent();
  EXPECT_THAT(events_, ElementsAre("second: a batch"));
}

TEST_F(ChainTest, ADroppedQueryIsSeenToBeDropped) {
  plugins_[0]->next = plugins::Next::kDrop;
  EXPECT_EQ(Ask("a."), net::Verdict::kDrop);
  EXPECT_THAT(events_, ElementsAre("first a.", "first dropped ", "second dropped ", "third dropped "));
}

TEST_F(ChainTest, QueriesWaitWithoutHoldingUpOthers) {
  plugins_[1]->next = plugins::Next::kLater;
  EXPECT_EQ(Ask("a."), net::Verdict::kLater);
  EXPECT_EQ(Ask("B."), net::Verdict::kLater);
  plugins_[0]->next = plugins::Next::kDone;
  EXPECT_EQ(Ask("c."), net::Verdict::kReply);
  events_.clear();
  plugins::Exchange& later = *plugins_[1]->waiting[1];
  plugins_[1]->Answer(later);
  later.Resume(plugins::Next::kDone);
  EXPECT_THAT(events_,
              ElementsAre("first sees NOERROR", "first sent second", "second sent second", "third sent second"));
  plugins_[1]->waiting[0]->Resume(plugins::Next::kPass);
  EXPECT_THAT(replies_, ElementsAre("2 B. IN A NOERROR", "1 a. IN A SERVFAIL"));
}

// Three messages.
class TestContinuation final : public plugins::Continuation {
 public:
  bool is_done() const override { return messages_ == 3; }
  void Advance(plugins::Exchange& exchange) override {
    ++messages_;
    exchange.answer.Clear();
    exchange.authoritative = messages_ == 3;
  }

 private:
  int messages_ = 1;
};

TEST_F(ChainTest, AReplyMayBeSeveralMessages) {
  plugins_[1]->on_query = [&](plugins::Exchange& exchange) {
    plugins_[1]->Answer(exchange);
    exchange.continuation = std::make_unique<TestContinuation>();
    return plugins::Next::kDone;
  };
  EXPECT_EQ(Ask("a."), net::Verdict::kLater);
  EXPECT_THAT(replies_, ElementsAre("part 1 a. IN A NOERROR"));
  events_.clear();
  std::exchange(next_part_, nullptr)(true);
  EXPECT_THAT(replies_, SizeIs(2));
  EXPECT_THAT(events_, ElementsAre()) << "it is not there yet";
  std::exchange(next_part_, nullptr)(true);
  EXPECT_THAT(replies_, ElementsAre("part 1 a. IN A NOERROR", "part 1 a. IN A NOERROR", "1 a. IN A NOERROR"));
  EXPECT_THAT(events_, ElementsAre("first sent second", "second sent second", "third sent second"));
}

TEST_F(ChainTest, AReplyOfSeveralMessagesEndsWithItsClient) {
  plugins_[0]->on_query = [&](plugins::Exchange& exchange) {
    plugins_[0]->Answer(exchange);
    exchange.continuation = std::make_unique<TestContinuation>();
    return plugins::Next::kDone;
  };
  EXPECT_EQ(Ask("a."), net::Verdict::kLater);
  std::exchange(next_part_, nullptr)(false);
  EXPECT_THAT(replies_, SizeIs(1));
  EXPECT_THAT(events_, ::testing::Contains("third sent first")) << "the part that was";
}

TEST_F(ChainTest, OneThatResumesMayWaitAgainOrBeDropped) {
  plugins_[0]->next = plugins_[1]->next = plugins::Next::kLater;
  EXPECT_EQ(Ask("a."), net::Verdict::kLater);
  plugins::Exchange& exchange = *plugins_[0]->waiting[0];
  exchange.Resume(plugins::Next::kPass);
  ASSERT_THAT(plugins_[1]->waiting, ElementsAre(&exchange));
  exchange.Resume(plugins::Next::kDrop);
  EXPECT_THAT(replies_, ElementsAre());
}

// The first plugin answers as the server does for "b.", and with its rcode.
TEST_F(ChainTest, APluginAsksAQuestionOfItsOwn) {
  const dns::Name other = Zone("b.");
  plugins_[0]->on_query = [&](plugins::Exchange& exchange) {
    if (dns::NameToText(exchange.query->name.original()) == "b.") return plugins::Next::kPass;
    exchange.Ask(other, RecordType::kAaaa, plugins::AskFrom::kServer, [&](const plugins::Exchange& child) {
      events_.push_back("heard " + std::string(dns::NameOf(child.rcode)) + " of " + std::string(child.answered_by));
      exchange.rcode = child.rcode;
      exchange.Resume(plugins::Next::kDone);
    });
    return plugins::Next::kLater;
  };
  plugins_[1]->next = plugins::Next::kDone;
  EXPECT_EQ(Ask("a."), net::Verdict::kReply) << "who answers at once makes nobody wait";
  EXPECT_THAT(events_, ElementsAre("first a.", "first b.", "second b.", "first sees NOERROR", "heard NOERROR of second",
                                   "first sent ", "second sent ", "third sent "));

  plugins_[1]->next = plugins::Next::kLater;
  EXPECT_EQ(Ask("a."), net::Verdict::kLater);
  plugins::Exchange& child = *plugins_[1]->waiting.at(0);
  EXPECT_EQ(child.query->type, RecordType::kAaaa);
  plugins_[1]->Answer(child);
  child.Resume(plugins::Next::kDone);
  EXPECT_THAT(replies_, ElementsAre("2 a. IN A NOERROR"));
}

TEST_F(ChainTest, APluginAsksThoseBehindIt) {
  const dns::Name other = Zone("b.");
  plugins_[1]->on_query = [&](plugins::Exchange& exchange) {
    exchange.Ask(other, RecordType::kA, plugins::AskFrom::kNextPlugin, [&](const plugins::Exchange& child) {
      exchange.rcode = child.rcode;
      exchange.Resume(plugins::Next::kDone);
    });
    return plugins::Next::kLater;
  };
  plugins_[2]->next = plugins::Next::kDone;
  EXPECT_EQ(Ask("a."), net::Verdict::kReply);
  EXPECT_THAT(events_, ElementsAre("first a.", "second a.", "third b.", "first sees NOERROR", "first sent ",
                                   "second sent ", "third sent "));
}

TEST_F(ChainTest, QuestionsThatLeadToThemselvesEnd) {
  plugins_[0]->on_query = [&](plugins::Exchange& exchange) {
    exchange.Ask(Zone("b."), RecordType::kA, plugins::AskFrom::kServer,
                 [&](const plugins::Exchange&) { exchange.Resume(plugins::Next::kPass); });
    return plugins::Next::kLater;
  };
  EXPECT_EQ(Ask("a."), net::Verdict::kReply);
  EXPECT_EQ(testing::ParseMessage(absl::MakeSpan(buffer_).first(size_))->rcode, Rcode::kServFail);
}

TEST_F(ChainTest, ThoseThatWaitAreForgottenWithTheService) {
  plugins_[0]->next = plugins::Next::kLater;
  EXPECT_EQ(Ask("a."), net::Verdict::kLater);
  service_.reset();
  EXPECT_THAT(replies_, ElementsAre());
}

// Answers when it is told to.
class Waiter final : public plugins::Plugin {
 public:
  plugins::Next OnQuery(plugins::Exchange& exchange) override {
    waiting = &exchange;
    return plugins::Next::kLater;
  }
  plugins::Exchange* waiting = nullptr;
};

// Keeps what is sent later.
class LateReplies final : public net::ReplyPathMaker {
 public:
  std::unique_ptr<net::ReplyPath> MakeReplyPath(const net::Request&) override {
    class Path final : public net::ReplyPath {
     public:
      explicit Path(int& sent) : sent_(sent) {}
      void Send(absl::Span<const uint8_t>) override { ++sent_; }

     private:
      int& sent_;
    };
    return std::make_unique<Path>(sent);
  }

  int sent = 0;
};

TEST_F(QueryServiceTest, WhatWaitsGoesOnWithTheChainThatItBeganWith) {
  plugins::PluginChain old_chain;
  old_chain.push_back(std::make_unique<Waiter>());
  auto& waiter = static_cast<Waiter&>(*old_chain.front());
  service_.emplace(std::vector<ServedZone>{{Zone("cluster.local"), &old_chain}});
  LateReplies late;
  const std::vector<uint8_t> query = testing::MakeQuery("web-7.nginx.default.svc.cluster.local.", RecordType::kA);
  EXPECT_EQ(service_->Handle({.message = query, .client = {}, .client_port = 1053, .later = &late},
                             absl::MakeSpan(buffer_), size_),
            net::Verdict::kLater);
  EXPECT_TRUE(service_->IsWaitingOn(old_chain));

  service_->Serve({{Zone("cluster.local"), &chain_}}, nullptr);
  EXPECT_EQ(Ask("web-7.nginx.default.svc.cluster.local.", RecordType::kA).rcode, Rcode::kNoError);
  EXPECT_TRUE(service_->IsWaitingOn(old_chain));
  EXPECT_FALSE(service_->IsWaitingOn(chain_));
  waiter.waiting->Resume(plugins::Next::kDone);
  EXPECT_EQ(late.sent, 1);
  EXPECT_FALSE(service_->IsWaitingOn(old_chain));
  EXPECT_FALSE(service_->IsWaiting());
}

}  // namespace
}  // namespace podnamed::service
