// bench_churn: serves the generated cluster (bench/load/cluster.h) as a feed, and moves its pods when it is told to.
//
// Each line of its input, "RATE SAMPLES SECONDS PORT", moves RATE pods a second for so long, each to an address and a
// life of its own, one change of the log each. Of SAMPLES pods a second it is measured how long it takes from the
// change of the log to the new answer of the server on that port of 127.0.0.1. One line of JSON answers: how many were
// moved, and the quantiles of the samples. It ends with its input.
#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "bench/load/cluster.h"
#include "bench/load/cluster_options.h"
#include "bench/load/cluster_records.h"
#include "bench/load/socket.h"
#include "boost/json.hpp"
#include "boost/json/src.hpp"
#include "boost/program_options/options_description.hpp"
#include "boost/program_options/value_semantic.hpp"
#include "controller/feed/feed_log.h"
#include "controller/feed/feed_server.h"
#include "controller/feed/feed_service.h"
#include "server/base/flags.h"
#include "server/base/status.h"

namespace podnamed::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr auto kLookAgain = std::chrono::microseconds(100);
constexpr auto kPatience = std::chrono::seconds(5);
constexpr timeval kReplyPatience = {.tv_sec = 0, .tv_usec = 20'000};

// A pod that has just moved.
struct Move {
  std::string name;  // fully qualified, without the last dot
  base::Ipv4Address address;
  Clock::time_point at;
};

// The query for A of `name`.
std::string QueryOf(const std::string& name) {
  std::string query("\x12\x34\x01\0\0\1\0\0\0\0\0\0", 12);
  std::istringstream labels(name);
  for (std::string label; std::getline(labels, label, '.');) {
    query += static_cast<char>(label.size());
    query += label;
  }
  return query + std::string("\0\0\1\0\1", 5);
}

// Asks, on a thread of its own, for one moved pod at a time until it answers by its new address.
class Sampler {
 public:
  explicit Sampler(Socket socket) : socket_(std::move(socket)) {
    setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &kReplyPatience, sizeof kReplyPatience);
    thread_ = std::thread([this] { Run(); });
  }
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;
  ~Sampler() {
    if (thread_.joinable()) Finish();
  }

  // Whether it has time for another.
  bool is_idle() const {
    const absl::MutexLock lock(&mutex_);
    return !move_;
  }

  void Take(Move move) {
    const absl::MutexLock lock(&mutex_);
    move_ = std::move(move);
  }

  // Milliseconds from change to answer; what did not come within kPatience is kPatience.
  std::vector<double> Finish() {
    {
      const absl::MutexLock lock(&mutex_);
      is_ending_ = true;
    }
    thread_.join();
    return std::move(milliseconds_);
  }

 private:
  void Run() {
    while (const std::optional<Move> move = Next()) {
      milliseconds_.push_back(std::chrono::duration<double, std::milli>(Follow(*move)).count());
      const absl::MutexLock lock(&mutex_);
      move_.reset();
    }
  }

  std::optional<Move> Next() {
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](Sampler* self) ABSL_NO_THREAD_SAFETY_ANALYSIS { return self->move_.has_value() || self->is_ending_; },
        this));
    return move_;
  }

  nanoseconds Follow(const Move& move) const {
    const std::string query = QueryOf(move.name);
    while (Clock::now() - move.at < kPatience) {
      if (send(socket_.fd(), query.data(), query.size(), 0) >= 0 && IsAnsweredBy(move.address)) {
        return Clock::now() - move.at;
      }
      std::this_thread::sleep_for(kLookAgain);
    }
    return kPatience;
  }

  // Whether the next reply ends with that address: one A record is the last of the message.
  bool IsAnsweredBy(const base::Ipv4Address& address) const {
    std::array<uint8_t, 512> reply;
    const ssize_t size = recv(socket_.fd(), reply.data(), reply.size(), 0);
    return size > 12 && std::equal(address.begin(), address.end(), reply.data() + size - address.size());
  }

  const Socket socket_;
  std::thread thread_;
  mutable absl::Mutex mutex_;
  std::optional<Move> move_ ABSL_GUARDED_BY(mutex_);  // under way
  bool is_ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<double> milliseconds_;  // the thread's until it has ended
};

// What one line of the input asks for.
struct Order {
  double rate = 0;
  double samples = 0;  // of them, a second
  double seconds = 0;
  uint16_t port = 0;
};

absl::StatusOr<Order> Parse(const std::string& line) {
  Order order;
  std::istringstream words(line);
  words >> order.rate >> order.samples >> order.seconds >> order.port;
  if (!words || order.rate <= 0 || order.samples < 0 || order.seconds <= 0) {
    return absl::InvalidArgumentError(absl::StrCat("expected RATE SAMPLES SECONDS PORT, got: ", line));
  }
  return order;
}

class Mover {
 public:
  Mover(const Cluster& cluster, controller::FeedLog& log) : cluster_(cluster), log_(log) {}

  absl::StatusOr<boost::json::object> Obey(const Order& order) {
    ASSIGN_OR_RETURN(Socket socket, Connect("127.0.0.1", order.port, SOCK_DGRAM));
    Sampler sampler(std::move(socket));
    const Clock::time_point begin = Clock::now();
    const auto count = static_cast<uint64_t>(order.rate * order.seconds);
    const double moves_a_sample = order.samples > 0 ? order.rate / order.samples : 0;
    double next_sample = 0;
    for (uint64_t i = 0; i < count; ++i) {
      std::this_thread::sleep_until(begin +
                                    nanoseconds(static_cast<int64_t>(static_cast<double>(i) / order.rate * 1e9)));
      Move move = MoveOne();
      if (moves_a_sample > 0 && static_cast<double>(i) >= next_sample && sampler.is_idle()) {
        sampler.Take(std::move(move));
        next_sample += moves_a_sample;
      }
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    return ToJson(count, seconds, sampler.Finish());
  }

 private:
  Move MoveOne() {
    // All pods in turn, so that none moves again while it is asked for; neighbours are far apart.
    const ClusterSize& size = cluster_.size();
    const auto pod = static_cast<uint32_t>(moved_ * kStride % cluster_.pods());
    const PodPlace place = {.ns = pod / size.replicas / size.stateful_sets,
                            .set = pod / size.replicas % size.stateful_sets,
                            .ordinal = pod % size.replicas};
    ++moved_;
    // Out of 100.64.0.0/10, where no pod of the cluster begins.
    const auto host = static_cast<uint32_t>(moved_ % (1u << 22));
    const base::Ipv4Address address = {100, static_cast<uint8_t>(64 + (host >> 16)), static_cast<uint8_t>(host >> 8),
                                       static_cast<uint8_t>(host)};
    std::vector<feed::v1::Op> ops;
    for (feed::v1::Record& record : PodRecords(cluster_, place, UidOf(kFirstUid + moved_), address)) {
      *ops.emplace_back().mutable_upsert() = std::move(record);
    }
    Move move = {.name = absl::StrCat(cluster_.Pod(place.set, place.ordinal), ".", cluster_.StatefulSet(place.set), ".",
                                      cluster_.Namespace(place.ns), ".svc.", kZone),
                 .address = address,
                 .at = Clock::now()};
    log_.Append(std::move(ops), absl::Now());
    return move;
  }

  static boost::json::object ToJson(uint64_t moved, double seconds, std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    const auto quantile = [&samples](double q) {
      return samples[static_cast<size_t>(q * static_cast<double>(samples.size() - 1))];
    };
    boost::json::object json{{"moved", moved}, {"seconds", seconds}, {"samples", samples.size()}};
    if (!samples.empty()) {
      json["latency_ms"] = {{"p50", quantile(0.5)}, {"p99", quantile(0.99)}, {"max", samples.back()}};
    }
    return json;
  }

  static constexpr uint64_t kStride = 1'000'003;  // a prime
  // Beyond those of the cluster as it begins.
  static constexpr uint64_t kFirstUid = uint64_t{1} << 40;

  const Cluster& cluster_;
  controller::FeedLog& log_;
  uint64_t moved_ = 0;
};

absl::Status Serve(const Cluster& cluster, const std::string& address) {
  controller::FeedLog log(controller::RandomEpoch());
  log.Replace(ClusterRecords(cluster), absl::Now());
  controller::FeedService service(log);
  ASSIGN_OR_RETURN(const auto server, controller::FeedServer::Start(service, {address}));
  Mover mover(cluster, log);
  for (std::string line; std::getline(std::cin, line);) {
    ASSIGN_OR_RETURN(const Order order, Parse(line));
    ASSIGN_OR_RETURN(const boost::json::object result, mover.Obey(order));
    std::cout << result << std::endl;
  }
  return absl::OkStatus();
}

absl::Status Run(int argc, char** argv) {
  namespace po = boost::program_options;
  ClusterSize size;
  std::string address;
  po::options_description options("bench_churn");
  AddClusterOptions(size, options);
  options.add_options()("listen", po::value(&address)->required(), "address of the feed: unix:PATH or HOST:PORT");
  RETURN_IF_ERROR(base::ParseFlags(argc, argv, options).status());
  RETURN_IF_ERROR(Check(size));
  return Serve(Cluster(size), address);
}

}  // namespace
}  // namespace podnamed::bench

int main(int argc, char** argv) {
  const absl::Status status = podnamed::bench::Run(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "bench_churn: " << status.message() << "\n";
  return 1;
}
